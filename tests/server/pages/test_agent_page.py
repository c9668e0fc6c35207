"""The agents' desk as markup: whole without data, everything from the service itself."""

import re

from server.pages.agent.page import AgentView, agent_page


def page() -> str:
    return agent_page(AgentView(bot_name="<帮办>", assets="/static", city="示例市"))


def test_what_the_settings_say_goes_in_escaped():
    assert "&lt;帮办&gt;" in page()
    assert "<帮办>" not in page()


def test_no_placeholder_is_left():
    assert not re.search(r"\{\{|\}\}", page())


def test_a_form_that_is_sent_without_the_script_puts_no_password_into_an_address():
    assert '<form method="post" action="/agent">' in page()


def test_nothing_is_inline_and_nothing_comes_from_elsewhere():
    html = page()

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
