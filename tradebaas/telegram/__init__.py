"""The phone: commands that come by Telegram, and what is answered.

`commands` turns a text into a command or a sentence, `codes` guards the dangerous ones, `mail` judges what came, `look`
and `words` put what is known into messages, `answers` does what is asked, `poller` reads the chat in its own thread,
`trial` sends a test, `wiring` puts it all together.
"""
