"""What the trainer's page does in the browser: a notice of the browser's own when the run that it shows has ended.

Nothing of it leaves the browser, and no other host is asked. A page in the background looks once a minute or so.
"""

from __future__ import annotations

ASK = """async (wanted) => {
    const refused = (why) => [false, why];
    localStorage.removeItem("polyid-notify");
    if (!wanted) return [false, ""];
    if (!("Notification" in window)) return refused("This browser shows no notices.");
    if (await Notification.requestPermission() !== "granted") {
        return refused(window.top === window.self
            ? "The browser doesn't allow notices of this page: allow them in its settings for this address."
            : "A page inside another may show no notices: open the Space at its own address.");
    }
    localStorage.setItem("polyid-notify", "wanted");
    return [true, "This page tells you when the run has ended, as long as it is open in some tab."];
}"""
"""Ask for the permission, on a click alone: from the box to the box, and to a sentence about it."""

LISTEN = """() => {
    let watched = null;
    const tell = (title, body) => {
        // Some browsers of phones have notices, and refuse to make one here.
        try { new Notification("PolyID Trainer: " + title, {body, tag: "polyid-run"}); } catch (problem) {}
    };
    const look = () => {
        const run = document.querySelector("#run .run");
        if (!run) return;
        const before = watched;
        watched = {name: run.dataset.run, active: "active" in run.dataset};
        if (!before || !before.active || (before.name === watched.name && watched.active)) return;
        if (!localStorage.getItem("polyid-notify") || Notification.permission !== "granted") return;
        if (before.name !== watched.name) return tell("a run has ended", "The next one is at work.");
        tell(run.querySelector("h3").textContent, run.querySelector("h3 + p")?.textContent || "");
    };
    new MutationObserver(look).observe(document.querySelector("#run"), {childList: true, subtree: true, attributes: true});
    look();
    return !!localStorage.getItem("polyid-notify") && "Notification" in window && Notification.permission === "granted";
}"""
"""Look at the run whenever the page shows something else of it; gives whether notices were asked for before."""
