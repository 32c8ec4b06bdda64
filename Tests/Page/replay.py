"""
Repeats what open pages asked a node for, when they did, without a browser and with the least claim to the processor.

Takes from its input, as JSON, the address and for each request after how many seconds it came and its path. Ends with its input.
"""

import http.client
import json
import os
import sys
import threading
import time


def ask(address, path, streams):
    """Makes one request and reads the answer; of the stream of changes the first line."""
    connection = http.client.HTTPConnection(address, timeout=60)
    is_stream = path.startswith("/api/v1/changes")
    connection.request("GET", path, headers={"Accept": "application/jsonl"} if is_stream else {})
    response = connection.getresponse()
    if is_stream:
        streams.append((connection, response.readline()))
    else:
        response.read()
        connection.close()


def main():
    """Repeats all of them."""
    os.nice(19)
    order = json.loads(sys.stdin.readline())
    begin, streams = time.monotonic(), []
    for seconds, path in sorted(order["requests"]):
        time.sleep(max(0.0, begin + seconds - time.monotonic()))
        threading.Thread(target=ask, args=(order["address"], path, streams), daemon=True).start()
    sys.stdin.read()


main()
