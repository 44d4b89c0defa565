"""Script, stylesheet and signs, served from memory under names that change with their content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import bottle

from webui.answers import missing

_FOLDER: Final = Path(__file__).parents[1] / "static"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FILES: Final[Mapping[str, bytes]] = MappingProxyType(
    {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
)
_STAMPS: Final = {name: hashlib.sha256(content).hexdigest()[:10] for name, content in _FILES.items()}
_YEAR_S: Final = 31_536_000


def stamped(name: str) -> str:
    """Give the address of a file; it changes with the file, so a browser may keep what it has for ever."""
    return f"/static/{name}?v={_STAMPS[name]}"


def serve(name: str) -> bottle.HTTPResponse:
    """Answer with a file."""
    content = _FILES.get(name)
    if content is None:
        raise missing("file", name)
    is_stamped = bottle.request.query.get("v") == _STAMPS[name]
    headers = {
        "Content-Type": _TYPES[Path(name).suffix],
        "Cache-Control": f"public, max-age={_YEAR_S}, immutable" if is_stamped else "no-cache",
    }
    return bottle.HTTPResponse(content, 200, headers)
