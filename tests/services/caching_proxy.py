"""A shared cache in front of the API: Debian's nginx, told to keep whatever it is not told to leave alone."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import free_ports

_CONFIGURATION = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/temporary;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 10m;
    proxy_cache_path {folder}/cache keys_zone=images:1m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_cache images;
            proxy_cache_valid any 10m;
            add_header X-Cache $upstream_cache_status always;
        }}
    }}
}}
"""

needs_nginx = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


@asynccontextmanager
async def caching_proxy(upstream: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a shared cache in front of *upstream*; `X-Cache` tells whether an answer came from it."""
    (port,) = free_ports(1)
    user = "user root;" if os.geteuid() == 0 else ""  # else the workers could not write below a test's folder
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(user=user, folder=folder, port=port, upstream=upstream))
    told = ("-p", folder, "-e", folder / "error.log", "-c", configuration)
    process = await asyncio.create_subprocess_exec("nginx", *told)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            await _until_up(client, process)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def _until_up(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(60):
        while process.returncode is None:
            try:
                await client.get("/livez")
            except httpx.TransportError:
                await asyncio.sleep(0.02)
            else:
                return
    pytest.fail("nginx did not start")
