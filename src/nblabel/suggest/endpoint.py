"""One address of a chat model, spoken to with the standard library: retries, a rate limit, and what it has cost."""

from __future__ import annotations

import email.utils
import http.client
import json
import math
import os
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..errors import SuggestError

__all__ = ["Endpoint", "Usage"]

_RETRIED = (408, 409, 429, 500, 502, 503, 504, 529)
_LONGEST_WAIT = 60.0
_MOST_BYTES = 16 << 20


class Usage(msgspec.Struct, frozen=True):
    """What was asked for so far, and what it has cost.

    Attributes
    ----------
    requests : int
        Requests that were answered.
    prompt_tokens, completion_tokens : int
        As the service counts them.
    cost : float, optional
        By the prices that were given; ``None`` without prices.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None

    @property
    def words(self) -> str:
        """Tokens and cost for a person to read; empty before the first request.

        Examples
        --------
        >>> Usage(3, 1200, 34, 0.0123).words
        '1,234 tokens, about $0.01'
        """
        if not self.requests:
            return ""
        tokens = f"{self.prompt_tokens + self.completion_tokens:,} tokens"
        if self.cost is None:
            return tokens
        return f"{tokens}, {'less than $0.01' if self.cost < 0.005 else f'about ${self.cost:,.2f}'}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key is not carried to another address."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Endpoint:
    """An OpenAI-compatible service.

    The key is read from the environment for each request and kept nowhere.

    Parameters
    ----------
    base_url : str
        Such as ``"http://localhost:11434/v1"``.
    key_env : str, optional
        The environment variable that holds the key.
    timeout : float
        Seconds that one try may take.
    retries : int
        How often a request is repeated when the service is busy or cannot be reached.
    per_minute : float, optional
        How many requests may be begun in a minute.
    prices : (float, float), optional
        Of a million tokens, read and written.
    """

    def __init__(
        self,
        base_url: str,
        key_env: str | None,
        timeout: float,
        retries: int,
        per_minute: float | None,
        prices: tuple[float, float] | None,
    ) -> None:
        parts = urllib.parse.urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SuggestError(f"chat(base_url={base_url!r}) is no address", "such as 'http://localhost:11434/v1'")
        if parts.username or parts.password:
            raise SuggestError("chat(base_url=) holds a password", "put the key into an environment variable: key_env=")
        self.url = base_url.rstrip("/") + "/chat/completions"
        self._key_env = key_env
        self._timeout = timeout
        self._retries = retries
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._prices = prices
        self._next = 0.0
        self._usage = Usage(cost=None if prices is None else 0.0)
        self._lock = threading.Lock()
        self.sleep: Callable[[float], None] = time.sleep
        self._opener = urllib.request.build_opener(_NoRedirect)

    @property
    def usage(self) -> Usage:
        """What was asked for so far."""
        with self._lock:
            return self._usage

    @property
    def longest(self) -> float:
        """Seconds that one request may take with all its tries."""
        return (self._retries + 1) * (self._timeout + self._gap) + self._retries * _LONGEST_WAIT

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The service's answer to a request; raises `SuggestError`, or `_Refused` if repeating is of no use."""
        data = json.dumps(body).encode()
        trouble = ""
        for n in range(self._retries + 1):
            self._wait_for_turn()
            try:
                return self._answer(data)
            except _Busy as busy:
                trouble = str(busy)
                if n < self._retries:
                    waits = busy.after if busy.after is not None else 2**n * random.uniform(0.5, 1.0)
                    self.sleep(min(waits, _LONGEST_WAIT))
        raise _Away(f"{self._where}: {trouble}, {self._retries + 1} times")

    @property
    def _where(self) -> str:
        return urllib.parse.urlsplit(self.url).netloc

    def _wait_for_turn(self) -> None:
        with self._lock:
            now = time.monotonic()
            waits = max(self._next - now, 0.0)
            self._next = max(self._next, now) + self._gap
        if waits:
            self.sleep(waits)

    def _request(self, data: bytes) -> urllib.request.Request:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "nblabel"}
        if self._key_env:
            key = os.environ.get(self._key_env, "").strip()
            if not key:
                raise SuggestError(f"the environment variable {self._key_env} holds no key", f"set {self._key_env}")
            if not key.isascii() or not key.isprintable():
                raise SuggestError(f"the key in {self._key_env} has characters that no key has")
            headers["Authorization"] = f"Bearer {key}"
        return urllib.request.Request(self.url, data, headers)

    def _answer(self, data: bytes) -> dict[str, Any]:
        request = self._request(data)
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                raw = response.read(_MOST_BYTES)
                if response.length:
                    raise _Busy("the answer ended midway" if len(raw) < _MOST_BYTES else "the answer is too long")
        except urllib.error.HTTPError as error:
            with error:
                told = self._clean(_told(error.read(65536)))
                status, after = error.code, _seconds(error.headers.get("Retry-After"))
            if status in _RETRIED:
                raise _Busy(f"HTTP {status}{told}", after) from None
            hint = f"the key in {self._key_env}" if status in (401, 403) and self._key_env else ""
            raise _Refused(f"{self._where}: HTTP {status}{told}", hint) from None
        except TimeoutError:
            raise _Busy(f"no answer within {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            late = isinstance(reason, TimeoutError)
            told = (
                f"no answer within {self._timeout:g} s" if late else f"cannot be reached ({self._clean(str(reason))})"
            )
            raise _Busy(told) from None
        try:
            answer = json.loads(raw)
            if not isinstance(answer, dict):
                raise TypeError
        except (ValueError, TypeError):
            raise SuggestError(f"{self._where} did not answer with JSON: {self._clean(repr(raw[:80]))}") from None
        self._count(answer.get("usage"))
        return answer

    def _clean(self, words: str) -> str:
        """Words of the service without the key, which some repeat."""
        key = os.environ.get(self._key_env, "").strip() if self._key_env else ""
        return words.replace(key, "***") if key else words

    def _count(self, usage: Any) -> None:
        counts = usage if isinstance(usage, dict) else {}
        read, written = (_whole(counts.get(name)) for name in ("prompt_tokens", "completion_tokens"))
        with self._lock:
            before = self._usage
            cost = before.cost
            if self._prices is not None and cost is not None:
                cost += (read * self._prices[0] + written * self._prices[1]) / 1e6
            self._usage = Usage(
                before.requests + 1, before.prompt_tokens + read, before.completion_tokens + written, cost
            )


class _Busy(Exception):
    """Worth another try."""

    def __init__(self, told: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(told)


class _Away(SuggestError):
    """The service does not answer; it will not answer for the next item either."""


class _Refused(SuggestError):
    """The service does not want the request."""


def _told(raw: bytes) -> str:
    """What the body of an error says, in one line."""
    try:
        body = json.loads(raw)
        error = body.get("error", body)
        words = error.get("message", "") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        words = raw.decode("utf-8", "replace")
    line = " ".join(str(words).split())[:200]
    return f" ({line})" if line else ""


def _seconds(given: str | None) -> float | None:
    """The seconds that ``Retry-After`` asks for, as a number or a date."""
    if given is None:
        return None
    try:
        waits = float(given)
    except ValueError:
        try:
            waits = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return max(waits, 0.0) if math.isfinite(waits) else None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
