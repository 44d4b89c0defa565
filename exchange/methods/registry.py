"""What a method is: its name, its parameters, who may call it, what it costs, and the function that does it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from exchange import credits as buckets
from exchange.accounts import Account
from exchange.errors import bad_param
from exchange.market import Market
from exchange.params import Param, Table
from exchange.sessions import Session

if TYPE_CHECKING:
    from exchange.auth import Grant
    from exchange.floor import Floor


class Call:
    """One request that is allowed and whose parameters are in order."""

    __slots__ = ("account_or_none", "floor", "grant", "now_ms", "params", "session")

    def __init__(
        self,
        floor: "Floor",
        session: Session,
        grant: "Grant | None",
        account: Account | None,
        params: dict[str, Any],
        now_ms: int,
    ) -> None:
        self.floor = floor
        self.session = session
        self.grant = grant
        self.account_or_none = account
        self.params = params
        self.now_ms = now_ms

    @property
    def account(self) -> Account:
        """Of the caller; private methods always have one."""
        assert self.account_or_none is not None
        return self.account_or_none

    @property
    def market(self) -> Market:
        """The one that `instrument_name` means. Raises Refusal."""
        return self.floor.engine.market(self.params["instrument_name"])


Handler = Callable[[Call], Any]


class Method(NamedTuple):
    """One row of the exchange's menu."""

    name: str
    params: Table
    run: Handler
    scope: str  # "" for public methods
    bucket: str
    needs_socket: bool

    @property
    def is_private(self) -> bool:
        return self.name.startswith("private/")

    @property
    def is_read(self) -> bool:
        return "/get_" in self.name or self.name == "public/ticker"


METHODS: Final[dict[str, Method]] = {}

READ: Final = "trade:read"
WRITE: Final = "trade:read_write"
ACCOUNT: Final = "account:read"
ACCOUNT_WRITE: Final = "account:read_write"

INSTRUMENT: Final = Param("instrument_name", required=True)
SORTING: Final = Param("sorting", choices=("asc", "desc", "default"), default="default")


def method(
    name: str, *params: Param, scope: str = "", bucket: str = buckets.DEFAULT, needs_socket: bool = False
) -> Callable[[Handler], Handler]:
    """Put a function on the menu."""

    def put(run: Handler) -> Handler:
        assert name not in METHODS, name
        METHODS[name] = Method(name, params, run, scope, bucket, needs_socket)
        return run

    return put


def window(params: dict[str, Any]) -> tuple[int, int]:
    """The time asked about, as [start, end] in milliseconds."""
    start, end = params.get("start_timestamp", 0), params.get("end_timestamp", 1 << 62)
    if start > end:
        raise bad_param("start_timestamp", "must not be after end_timestamp")
    return start, end
