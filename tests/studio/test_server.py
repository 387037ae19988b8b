"""The server as a page and as a stranger meet it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.studio.desk import Desk
from autograd_cnn.studio.looking import Look, Subject
from autograd_cnn.studio.server import Server
from autograd_cnn.studio.wire import pack, unpack

pytest.importorskip("tornado", reason="the extra studio is not installed")

SIZE = (1, 32, 32)
OPEN: list[Any] = []  # sockets of the visit
PICTURE = np.full(SIZE, 0.25, "<f4").tobytes()


def served(visit: Callable[[Server], Awaitable[Any]], model: Any = None, **options: Any) -> Any:
    """What a visit to a running server gives."""

    async def run() -> Any:
        ac.manual_seed(0)
        server = Server(Desk(Look(Subject(model or ac.vision.models.lenet5(), SIZE, "<LeNet> & co", tuple("0123456789")))), **options)
        server.start()
        try:
            return await asyncio.wait_for(visit(server), 30)
        finally:
            while OPEN:
                page = OPEN.pop()
                page.close()
                with contextlib.suppress(asyncio.TimeoutError):  # who was told of the end already
                    while await asyncio.wait_for(page.read_message(), 0.5) is not None:
                        pass
            while server.pages:
                await asyncio.sleep(0.005)
            await server.stop()

    return asyncio.run(run())


async def got(server: Server, path: str, **headers: str) -> Any:
    from tornado.httpclient import AsyncHTTPClient

    return await AsyncHTTPClient().fetch(f"http://127.0.0.1:{server.port}/{path}", headers=headers, raise_error=False)


async def socket(server: Server) -> Any:
    from tornado.websocket import websocket_connect

    found = await websocket_connect(f"ws://127.0.0.1:{server.port}/socket?token={server.token}")
    OPEN.append(found)
    return found


async def heard(connection: Any) -> tuple[dict[str, Any], bytes]:
    return unpack(await connection.read_message())


def test_the_page_and_its_files() -> None:
    async def visit(server: Server) -> None:
        page = await got(server, f"?token={server.token}")
        assert page.code == 200 and b"studio.js" in page.body
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert (await got(server, "studio.js")).code == 200 and (await got(server, "licences.txt")).body.startswith(b"three")

    served(visit)


@pytest.mark.parametrize("path", ["", "?token=", "?token=wrong", "?token=%C3%A4"])
def test_without_the_token_there_is_no_page(path: str) -> None:
    assert served(lambda server: got(server, path)).code == 403


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "..%2f..%2fetc/passwd", "built/lenet5.safetensors", "lenet5.safetensors", "%00", "socket/"]
)
def test_no_path_reaches_the_files(path: str) -> None:
    assert served(lambda server: got(server, path)).code in (400, 404)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.7", ""])
def test_a_name_that_somebody_else_points_here_is_refused(host: str) -> None:
    assert served(lambda server: got(server, f"?token={server.token}", Host=host)).code in (400, 403)


@pytest.mark.parametrize(("token", "headers"), [("wrong", {}), (None, {"Origin": "http://evil.example"}), (None, {"Host": "evil.example"})])
def test_no_socket_for_strangers(token: str | None, headers: dict[str, str]) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    answer = served(lambda server: got(server, f"socket?token={server.token if token is None else token}", **upgrade, **headers))
    assert answer.code == 403


def test_a_conversation() -> None:
    async def visit(server: Server) -> None:
        page = await socket(server)
        layout, _ = await heard(page)
        assert layout["name"] == "<LeNet> & co" and [s["name"] for s in layout["stages"]][:2] == ["picture", "conv1"]
        await page.write_message(pack({"do": "see", "id": 1}, PICTURE), binary=True)
        maps, data = await heard(page)
        assert maps["kind"] == "maps" and maps["id"] == 1 and len(maps["output"]) == 10
        assert len(data) == sum(int(np.prod(s["shape"])) for s in layout["stages"])
        await page.write_message(pack({"do": "unit", "stage": 1, "place": [2, 5, 6]}), binary=True)
        unit, _ = await heard(page)
        assert unit["field"] == [[5, 9], [6, 10]] and len(unit["terms"]["values"]) == 25
        await page.write_message(pack({"do": "gradients", "target": 3}), binary=True)
        assert (await heard(page))[0]["kind"] == "gradients"
        await page.write_message(pack({"do": "toward", "target": 3, "rate": 0.1}), binary=True)
        moved, picture = await heard(page)
        assert moved["kind"] == "picture" and len(picture) == len(PICTURE)

    served(visit)


WRONG = {
    "nothing to do": ({}, b"", "expected one of see"),
    "an unknown thing": ({"do": "format"}, b"", "expected one of see"),
    "a small picture": ({"do": "see"}, b"1234", "1024 float32 numbers"),
    "a place of texts": ({"do": "unit", "stage": 1, "place": ["a", 1, 2]}, b"", "three whole numbers"),
    "no stage": ({"do": "unit", "stage": 99, "place": [0, 0, 0]}, b"", "a stage of 0"),
    "a stage that is none": ({"do": "unit", "stage": True, "place": [0, 0, 0]}, b"", "a whole number as stage"),
    "no class": ({"do": "gradients", "target": -1}, b"", "a class of 0"),
    "a rate": ({"do": "toward", "target": 1, "rate": 1e9}, b"", "a rate in 0"),
    "no examples": ({"do": "example"}, b"", "no examples for this network"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_and_the_page_goes_on(case: str) -> None:
    head, data, text = WRONG[case]

    async def visit(server: Server) -> None:
        page = await socket(server)
        await heard(page)
        await page.write_message(pack({"id": 7, **head}, data), binary=True)
        said, _ = await heard(page)
        assert said["kind"] == "error" and said["id"] == 7 and text in said["text"]
        for broken in (b"", b"\xff" * 9, b"\1\0\0\0{"):
            await page.write_message(broken, binary=True)
            assert (await heard(page))[0]["kind"] == "error"
        await page.write_message("text")
        assert "bytes" in (await heard(page))[0]["text"]
        await page.write_message(pack({"do": "see"}, PICTURE), binary=True)
        assert (await heard(page))[0]["kind"] == "maps"

    served(visit)


def test_of_pictures_that_wait_only_the_newest_is_computed() -> None:
    async def visit(server: Server) -> None:
        page = await socket(server)
        await heard(page)
        for number in range(200):
            await page.write_message(pack({"do": "see", "id": number}, PICTURE), binary=True)
        answered = []
        while not answered or answered[-1] != 199:
            answered.append((await heard(page))[0]["id"])
        assert answered == sorted(answered) and len(answered) < 200

    served(visit)


def test_each_page_asks_about_its_own_picture() -> None:
    async def visit(server: Server) -> None:
        pages = [await socket(server), await socket(server)]
        for page, brightness in zip(pages, (0.0, 1.0), strict=True):
            await heard(page)
            await page.write_message(pack({"do": "see"}, np.full(SIZE, brightness, "<f4").tobytes()), binary=True)
            await heard(page)
        for page, brightness in zip(pages, (0.0, 1.0), strict=True):
            await page.write_message(pack({"do": "unit", "stage": 0, "place": [0, 3, 3]}), binary=True)
            assert (await heard(page))[0]["value"] == brightness

    served(visit)


def test_a_page_that_is_gone_leaves_the_server_to_the_others() -> None:
    async def visit(server: Server) -> None:
        gone = await socket(server)
        await gone.write_message(pack({"do": "see"}, PICTURE), binary=True)
        gone.close()
        stays = await socket(server)
        await heard(stays)
        await stays.write_message(pack({"do": "see"}, PICTURE), binary=True)
        assert (await heard(stays))[0]["kind"] == "maps"
        while server.pages > 1:
            await asyncio.sleep(0.01)

    served(visit)


def test_what_a_model_raises_is_said() -> None:
    class Moody(ac.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = ac.vision.models.lenet5()

        def forward(self, x: Any) -> Any:
            return self.net(x)

    model = Moody()

    async def visit(server: Server) -> None:
        page = await socket(server)
        await heard(page)
        model.net.fc2.weight = ac.nn.Parameter(ac.ones(10, 83))
        await page.write_message(pack({"do": "see"}, PICTURE), binary=True)
        said, _ = await heard(page)
        assert said["kind"] == "error" and "weight is another tensor than when the function was traced" in said["text"]

    served(visit, model)


def test_a_message_that_is_too_large_ends_its_own_page_only() -> None:
    from tornado.websocket import WebSocketClosedError

    async def visit(server: Server) -> None:
        page = await socket(server)
        await heard(page)
        with contextlib.suppress(WebSocketClosedError):
            await page.write_message(b"\0" * (17 * 1024 * 1024), binary=True)
        assert await page.read_message() is None
        assert (await got(server, f"?token={server.token}")).code == 200

    served(visit)
