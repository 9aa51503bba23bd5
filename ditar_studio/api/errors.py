"""Refusals as OpenAI's error object, without private details such as folders."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

from ditar_studio.errors import StudioError

_LONGEST = 500
_FOLDERS = re.compile(r"(?<![\w…./\\])(?:~|[A-Za-z]:)?[/\\](?:[^\s\"'“”:;,/\\]+[/\\])+")
_QUOTED_FOLDERS = re.compile(r"(?<=“)(?:~|[A-Za-z]:)?[/\\][^”]*[/\\](?=[^”/\\]*”)")


class RefusedError(Exception):
    """A request that is answered with an error.

    Args:
        message: what is wrong and what to do; folders in it are left out, only names of files stay.
        status: the HTTP status.
        param: the field of the request's body that is wrong.
        code: a word for programs.
        retry_after: seconds after which another try makes sense.
    """

    def __init__(
        self,
        message: str,
        status: int = HTTPStatus.BAD_REQUEST,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(_without_folders(message)[:_LONGEST])
        self.status = int(status)
        self._param, self._code, self._retry_after = param, code, retry_after

    @classmethod
    def of(cls, error: StudioError, param: str | None = None) -> RefusedError:
        """Return the refusal for a failure of the studio."""
        return cls(str(error), param=param)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            kind = "rate_limit_error"
        error = {"message": str(self), "type": kind, "param": self._param, "code": self._code}
        return {"error": error}

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer that not every answer has."""
        headers = {}
        if self._retry_after is not None:
            headers["Retry-After"] = str(self._retry_after)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return headers

    def to_http(self) -> bytes:
        """Return the whole answer, for where there is no request yet."""
        data = json.dumps(self.body, ensure_ascii=False).encode()
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + data


class ClientLeftError(Exception):
    """Nobody is there any more to be answered."""


def _without_folders(message: str) -> str:
    return _FOLDERS.sub("", _QUOTED_FOLDERS.sub("", message))
