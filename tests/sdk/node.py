"""Official packages on Node as clients."""

import json
import os
import pathlib
import subprocess


def run(package, base_url, calls, key):
    """What came of each call, `(method, arguments, how)`, of `client.mjs` with this package."""
    script = pathlib.Path(__file__).with_name("client.mjs")
    environment = {**os.environ, "PACKAGE": package, "BASE_URL": base_url, "API_KEY": key}
    done = subprocess.run(["node", str(script)], input=json.dumps(calls), env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
