"""`ditar-studio mcp`: a server of the Model Context Protocol, for agents."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import threading

from ditar_studio.cli.console import Console
from ditar_studio.cli.serve import TOKEN_VARIABLE
from ditar_studio.cli.speaking import stop_on_interrupt
from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add


def run(arguments: argparse.Namespace) -> int:
    """Serve until the other side leaves or the command is interrupted; exit code 0."""
    try:
        from ditar_studio.api.lazy_model import LazyModel
        from ditar_studio.api.mcp_server import mcp_server
    except ModuleNotFoundError as error:
        raise StudioError(f"The package “{error.name}” is missing.", how_to_add("mcp")) from error
    from ditar_studio.python_api.model import load_model
    from ditar_studio.services.models import located

    name = located(arguments.model)
    server = mcp_server(LazyModel(lambda: load_model(name)), arguments.watermark)
    if arguments.http:
        return _serve_http(server, arguments)
    server.run("stdio")
    return 0


def _serve_http(server: object, arguments: argparse.Namespace) -> int:
    import uvicorn

    from ditar_studio.api.mcp_server import guarded
    from ditar_studio.api.server import check_token, reserve_port

    token = check_token(os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24))
    reserved = reserve_port(arguments.port)
    with contextlib.closing(reserved), stop_on_interrupt() as interrupted:
        reserved.listen()
        config = uvicorn.Config(
            guarded(server, token),  # type: ignore[arg-type]
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([reserved],), name="mcp")
        thread.start()
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/mcp"
        Console.of(arguments).result(
            {"url": url, "token": token},
            f"An MCP server is at {url} for programs on this machine that send\n"
            f"    Authorization: Bearer {token}\n"
            f"Set {TOKEN_VARIABLE} to keep the token. Ctrl+C ends it.",
        )
        while thread.is_alive() and not interrupted.wait(0.2):
            pass
        running.should_exit = True
        thread.join()
    return 0
