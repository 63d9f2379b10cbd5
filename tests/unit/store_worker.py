"""What other processes do to a store in the tests: ``python store_worker.py COMMAND WHERE ...``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from nblabel.annotations import Choice
from nblabel.errors import StoreError
from nblabel.records import Event, Patch
from nblabel.store import Store, open_store, places


def make(name: str, item: str, n: int) -> Event:
    return Event(name, item, "ada", "edit", Patch(put=(Choice(f"l{n}", id=name),)), seconds=1.0, at=float(n))


def append(store: Store, me: str, count: int, size: int) -> None:
    """Batches to an item of one's own and to one that all share; names what is acknowledged."""
    for n in range(count):
        batch = [make(f"{me}-{n}-{k}", f"own {me}" if k % 2 else "shared", n) for k in range(size)]
        store.append("d", batch)
        os.write(1, (" ".join(one.id for one in batch) + "\n").encode())  # in one piece, as others write here too
        if n % 10 == 0:
            store.append("d", batch)  # a replay


def wait(folder: str) -> None:
    """Say that one is ready, and begin when all are."""
    ready = Path(folder)
    (ready / str(os.getpid())).touch()
    while not (ready / "go").exists():
        time.sleep(0.001)


def main() -> None:
    command, where, *rest = sys.argv[1:]
    if command == "append":
        folder, me, count, size, network = rest
        if network:
            places.network_file_system = lambda path: network  # as if the folder were mounted so
        store = open_store(where, timeout=60)
        wait(folder)
        append(store, me, int(count), int(size))
    elif command == "open":
        wait(rest[0])
        print(open_store(where, timeout=60).id)
    elif command == "fork":
        store = open_store(where, timeout=60)
        append(store, "before", 5, 2)
        child = os.fork()
        append(store, "child" if child == 0 else "parent", 30, 2)
        if child == 0:
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status == 0
        append(store, "after", 5, 2)
    elif command == "try":  # as another user, who may not write here
        open_store(":memory:").close()  # all is imported; the other user may not be allowed to
        if os.geteuid() == 0:  # permissions do not bind root
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        try:
            store = open_store(where, timeout=1)
            print("opened", store.last_seq("d"), flush=True)
            store.append("d", [make("try", "i", 0)])
            print("stored")
        except StoreError as error:
            print(error.retry, error)
    elif command == "limit":  # a disk that is nearly full
        import resource

        store = open_store(where)
        most = max(one.stat().st_size for one in Path(where).parent.iterdir()) + 500_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        try:
            for n in range(1000):
                store.append("d", [make(f"e{n}", f"i{n}", n)])
                print(f"e{n}", flush=True)
        except StoreError as error:
            print(error.retry, error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        store.append("d", [make("last", "i", 0)])
        print("last")


if __name__ == "__main__":
    main()
