"""What stands at the front door until the page itself is there."""

from typing import Final

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Tradebaas</title></head><body>
<h1>Tradebaas is running</h1>
<p>There is no page here yet. What there is: the API under <code>/api/v2</code>
(<code>Authorization: Bearer &lt;key&gt;</code>; docs/api.md lists it), <code>/health</code> and <code>/metrics</code>,
and the command line: <code>tradebaas status</code>, <code>tradebaas --help</code>.</p>
</body></html>
"""
