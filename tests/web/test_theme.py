"""How pages are served."""

from __future__ import annotations

import urllib.request

import gradio as gr
from gradio import networking

from polyid.web.theme import STYLE, serve


def test_a_page_that_answers_itself_too_late_is_served_all_the_same(monkeypatch):
    monkeypatch.setattr(networking, "url_ok", lambda url: False)
    answered = []
    with gr.Blocks() as page:
        gr.Markdown("late")
    monkeypatch.setattr(page, "block_thread", lambda: answered.append(urllib.request.urlopen(page.local_url).status))
    try:
        serve(page, STYLE)
    finally:
        page.close()
    assert answered == [200]
