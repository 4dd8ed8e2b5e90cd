"""The image's health check: ``python -m strategies.containers.healthy`` ends with 0 while the service serves."""

import http.client
import json
import os
import sys

from strategies.containers.inside import PORT, SERVICE_VARIABLE
from strategies.hosts.lifeline.place import Place


def main() -> int:
    service = json.loads(os.environ[SERVICE_VARIABLE])
    if not service["listens"]:
        return 0 if Place.here().announced() else 1
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", service["ready_path"])
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
