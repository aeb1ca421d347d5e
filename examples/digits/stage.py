"""The processes of the demo: `xaynet up`, and one for each participant. All end together."""

import os
import subprocess
import sys
import time
from pathlib import Path

from xaynet_cli.data_folder import DataFolder, NotServed

HERE = Path(__file__).parent
START_SECONDS = 60.0
END_SECONDS = 20.0

# Each process does little, and there are many of them.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class StageFailed(Exception):
    """A process did not do what it should; says which, and where it tells why."""


class Stage:
    """What runs; leaving `with` ends it, however it is left."""

    def __init__(self, logs):
        self.logs = logs
        self.processes = []
        logs.mkdir(parents=True, exist_ok=True)

    def start_service(self, manifest, data):
        """`xaynet up` on any free port; its folder, once it answers."""
        command = ["xaynet_cli", "up", manifest, "--data", data, "--port", "0", "--plain"]
        service = self.start("service", ["-m", *command])
        folder, deadline = DataFolder(data), time.monotonic() + START_SECONDS
        while self.must_run(service) and not self.serves(folder, service):
            if time.monotonic() > deadline:
                raise StageFailed(f"the service did not start; see {self.log('service')}")
            time.sleep(0.05)
        return folder

    def serves(self, folder, service):
        """Whether this very process serves the folder: an earlier one may have been killed."""
        try:
            return folder.serving().pid == service.pid
        except NotServed:
            return False

    def start_participants(self, files, url):
        """One participant for each file of images."""
        for file in files:
            self.start(file.stem, [HERE / "participant.py", file, url])

    def start(self, name, arguments):
        """A Python process, whose standard input stays open for as long as we live."""
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=os.environ | ONE_THREAD,
            )
        process.name = name
        self.processes.append(process)
        return process

    def log(self, name):
        return self.logs / f"{name}.log"

    def must_run(self, process):
        """True; raises `StageFailed` for a process that has ended."""
        if process.poll() is not None:
            lines = self.log(process.name).read_text(errors="replace").splitlines()
            raise StageFailed(f"{process.name} has ended: {' '.join(lines[-3:])}")
        return True

    def check(self):
        """Raises `StageFailed` if any process has ended."""
        for process in self.processes:
            self.must_run(process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        participants, service = self.processes[1:], self.processes[:1]
        for process in participants:
            process.stdin.close()
        for process in service:
            process.terminate()
        deadline = time.monotonic() + END_SECONDS
        for process in self.processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdin.close()
