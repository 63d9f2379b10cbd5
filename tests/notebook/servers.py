"""Real notebook servers as child processes: one Jupyter server for JupyterLab and Notebook 7, and marimo."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from .network import Relay

ROOT = Path(__file__).resolve().parents[2]
_PAGE_CONFIG = json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})


def private_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing of the person's own configuration is read or written."""
    own = ("JUPYTER", "IPYTHON", "NBLABEL_STORE", "NBLABEL_ANNOTATOR")
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    env.update(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / "config"),
        XDG_CACHE_HOME=str(home / "cache"),
        XDG_DATA_HOME=str(home / "share"),
        XDG_STATE_HOME=str(home / "state"),
        IPYTHONDIR=str(home / "ipython"),
        PYTHONUNBUFFERED="1",
        **more,
    )
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), env.get("PYTHONPATH")]))
    return env


def end(process: subprocess.Popen[bytes], patience: float = 10) -> None:
    """End a child that we started, gently at first."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(patience)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class JupyterServer:
    """JupyterLab and Notebook 7 on one server, behind a relay whose network can be cut."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "notebooks"
        self.runtime = home / "runtime"
        self.token = secrets.token_hex(8)
        config = home / "config"
        for folder in (self.folder, self.runtime, config / "labconfig"):
            folder.mkdir(parents=True, exist_ok=True)
        (config / "labconfig" / "page_config.json").write_text(_PAGE_CONFIG)
        env = private_environment(
            home,
            JUPYTER_CONFIG_DIR=str(config),
            JUPYTER_DATA_DIR=str(home / "data"),
            JUPYTER_RUNTIME_DIR=str(self.runtime),
            JUPYTERLAB_SETTINGS_DIR=str(home / "settings"),
            JUPYTERLAB_WORKSPACES_DIR=str(home / "workspaces"),
        )
        self.log = home / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                    "--ServerApp.ip=127.0.0.1",
                    "--ServerApp.port=0",
                    f"--ServerApp.root_dir={self.folder}",
                    f"--IdentityProvider.token={self.token}",
                    "--ServerApp.jpserver_extensions={'notebook': True}",
                    "--LabApp.expose_app_in_browser=True",
                    "--JupyterNotebookApp.expose_app_in_browser=True",
                    "--LabApp.news_url=None",
                    "--KernelRestarter.time_to_dead=0.5",  # a killed kernel is noticed sooner than after 3 s
                    # Jupyter gives up a kernel that dies six times within 10 s of its last restart; tests kill faster.
                    "--KernelRestarter.restart_limit=1000000",
                    "--ServerApp.terminals_enabled=False",
                ],
                env=env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.port = self._wait()
        self.network = Relay(self.port)
        self.url = f"http://127.0.0.1:{self.network.port}"

    def _wait(self, patience: float = 90) -> int:
        info = self.runtime / f"jpserver-{self.process.pid}.json"
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError, ValueError):
                port = int(json.loads(info.read_text())["port"])
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={self.token}", timeout=10).close()
                return port
            time.sleep(0.05)
        end(self.process)
        raise RuntimeError(f"the Jupyter server did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def request(self, path: str, method: str = "GET") -> Any:
        """The server's own REST interface, not through the relay."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def stop_kernels(self) -> None:
        """End the sessions of all notebooks."""
        for session in self.request("/api/sessions"):
            with contextlib.suppress(OSError):
                self.request(f"/api/sessions/{session['id']}", "DELETE")

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.stop_kernels()
        end(self.process)
        self.network.close()


class MarimoServer:
    """A marimo server in edit mode over a folder of notebooks."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "notebooks"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "marimo", "-y", "-q", "edit", "--headless", "--no-token"),
                    *("--skip-update-check", "--host", "127.0.0.1", "--port", str(self.port), str(self.folder)),
                ],
                env=private_environment(home),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def _wait(self, patience: float = 90) -> None:
        ends = time.monotonic() + patience
        while time.monotonic() < ends and self.process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/health", timeout=10).close()
                return
            time.sleep(0.05)
        end(self.process)
        raise RuntimeError(f"marimo did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def close(self) -> None:
        end(self.process)
