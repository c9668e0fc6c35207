"""An agent at the desk, for a citizen who writes in WeChat."""

from tests.server.desk_api import Desk, desk_of
from tests.server.wechat_world import WeChatWorld
from tests.wechat_platform import PlatformUser


async def waits(world: WeChatWorld, citizen: PlatformUser) -> Desk:
    """The citizen stands in the queue; the agent could take them."""
    agent = await desk_of(world.service)
    await agent.done("PUT", "/me", json={"state": "available"})
    await citizen.clicks("person")
    await world.sees(citizen, "已为您排队")
    return agent


async def is_served(world: WeChatWorld, citizen: PlatformUser) -> Desk:
    """The citizen talks to the agent."""
    agent = await waits(world, citizen)
    [waiting] = (await agent.done("GET", "/queue"))["waiting"]
    await agent.done("POST", f"/handovers/{waiting['id']}/accept")
    await world.sees(citizen, "已接入")
    return agent
