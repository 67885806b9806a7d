"""One look at every template of a built site, in every language: what a browser, a keyboard and axe make of it.

Which templates there are is asked of the site's own sections, so a page that somebody adds is looked at without a word
here. A page is opened once and looked at in all the ways that need no new visit: the tests only read what was seen.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from benchmarks.templates import Template
from playwright.sync_api import Browser, BrowserContext, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE, DESKTOP, PAPER = ({"width": width, "height": height} for width, height in ((320, 800), (1280, 800), (700, 1000)))
AT_ONCE = 3  # pages that are looked at side by side; each is a process of the browser
MODE_LANGUAGES = ("en", "ar")  # colours, motion and paper know directions, not languages
NO_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}  # half of axe's time: elsewhere once a page is enough

START_AXE = """options => { window.found = axe.run(document, {resultTypes: ['violations'], ...options}) }"""
AXE_FOUND = """async () => (await window.found).violations.map(fault =>
    fault.id + ': ' + fault.nodes[0].html.slice(0, 160))"""
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
OPEN = "document.querySelectorAll('details').forEach(part => { part.open = true })"
# Charts that are laid out late and are then higher than the room that was left for them.
HIGHER = """() => [...document.querySelectorAll('.chart')].filter(part => {
    const style = getComputedStyle(part), room = parseFloat(style.containIntrinsicBlockSize.replace('auto', ''));
    if (style.contentVisibility !== 'auto') return false;
    part.style.contentVisibility = 'visible';
    return part.getBoundingClientRect().height > room;
    }).map(part => part.id)"""
STORED = """async () => [document.cookie !== '', localStorage.length > 0, sessionStorage.length > 0,
    (await indexedDB.databases()).length > 0, (await caches.keys()).length > 0].some(Boolean)"""
HEADINGS = "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(part => Number(part.tagName[1]))"
# Filled shapes that stand for a number, and what lies behind them: the track of a bar, else the page.
UNSEEN = """() => {
    const solid = colour => colour && colour !== 'none' && !/^rgba.*, 0\\)$/.test(colour) && colour !== 'transparent';
    const behind = part => { for (let up = part; up; up = up.parentElement) {
        const colour = getComputedStyle(up).backgroundColor; if (solid(colour)) return colour } return 'rgb(0, 0, 0)' };
    const colour = part => { const style = getComputedStyle(part);
        return part instanceof SVGElement ? style.fill : style.backgroundColor };
    const stroked = part => { const line = getComputedStyle(part).stroke; return solid(line) && line !== behind(part) };
    return [...document.querySelectorAll('.fill')].filter(part => part.checkVisibility()).filter(part => {
        const track = part.parentElement.querySelector('.track');
        const back = track && solid(colour(track)) ? colour(track) : behind(part.parentElement);
        return (!solid(colour(part)) || colour(part) === back) && !stroked(part);
    }).map(part => part.closest('figure, section, main').id + ' ' + part.outerHTML.slice(0, 120))}"""
MOVING = """() => [...document.querySelectorAll('*')].filter(part => { const style = getComputedStyle(part);
    return style.animationName !== 'none' || style.transitionDuration.split(',').some(time => parseFloat(time) > 0);
    }).map(part => part.outerHTML.slice(0, 120)).concat(document.getAnimations().length ? ['an animation runs'] : [])
    .concat(getComputedStyle(document.documentElement).scrollBehavior === 'smooth' ? ['smooth scrolling'] : [])"""
# What paper would lose: parts that can only be seen by scrolling, and the whole page where it is wider than paper.
CUT = """() => [document.documentElement, ...document.querySelectorAll('main *')].filter(part => {
    const style = getComputedStyle(part), box = part.getBoundingClientRect();
    return box.width > 1 && !style.clipPath.startsWith('inset') && part.scrollWidth > part.clientWidth + 1
        && part.clientWidth > 0 && (part === document.documentElement || style.overflowX !== 'visible');
    }).map(part => part.outerHTML.slice(0, 120))"""
PRINTED = "[...document.querySelectorAll('.exit, header.top nav, .skip')].filter(part => part.checkVisibility()).length"
# Whatever can be pressed or filled in, as far as it can be seen. Of radio buttons of one name, one is a stop.
WATCH_FOCUS = """() => {
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
    const seen = all.filter(part => part.tabIndex >= 0 && !part.disabled && part.type !== 'hidden'
        && part.checkVisibility({visibilityProperty: true}));
    const names = new Set();
    window.stops = seen.filter(part => part.type !== 'radio' || !names.has(part.name) && names.add(part.name));
    window.reached = new Map();
    const looks = part => { const style = getComputedStyle(part);
        return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.backgroundColor].join() };
    const before = new Map(seen.map(part => [part, looks(part)]));
    document.addEventListener('focusin', event => {
        const style = getComputedStyle(event.target);
        const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
        window.reached.set(event.target, ring || looks(event.target) !== before.get(event.target));
    });
    return window.stops.length}"""
WALKED = """() => { const name = part => part.outerHTML.slice(0, 120);
    const group = part => part.type === 'radio' ? document.getElementsByName(part.name) : [part];
    return {
        missed: window.stops.filter(part => ![...group(part)].some(one => window.reached.has(one))).map(name),
        unmarked: [...window.reached].filter(([part, marked]) => !marked && part.tabIndex >= 0)
            .map(([part]) => name(part)),
        first: window.stops.length ? name([...window.reached.keys()][0] || document.body) : ''}}"""
LINKS = """[...document.querySelectorAll('a[href], link[rel=stylesheet], link[rel=icon], script[src], img[src]')]
    .map(part => part.getAttribute('href') || part.getAttribute('src'))"""


@dataclass
class Seen:
    """What was seen of one page in one language."""

    requests: list[str] = field(default_factory=list)
    sizes: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    stored: bool = False
    root: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    overflows: list[str] = field(default_factory=list)
    higher: list[str] = field(default_factory=list)
    axe: dict[str, list[str]] = field(default_factory=dict)
    unseen: dict[str, list[str]] = field(default_factory=dict)
    moving: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    printed: int = 0

    @property
    def script_bytes(self) -> float:
        """Compressed size of the scripts that the page loads by itself."""
        return sum(size for url, size in self.sizes.items() if urlsplit(url).path.endswith((".js", ".mjs")))


class Window:
    """A window in which one page after the other is looked at: one process of the browser, and nothing kept between."""

    def __init__(self, browser: Browser) -> None:
        self.page = browser.new_context(viewport=PHONE, bypass_csp=True).new_page()
        self.seen = Seen()
        urls: dict[str, str] = {}
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.requestWillBeSent", lambda one: urls.update({one["requestId"]: one["request"]["url"]}))
        session.on("Network.loadingFinished", lambda one: self._finished(urls.get(one["requestId"], ""), one))
        self.page.on("request", lambda request: self.seen.requests.append(request.url))
        self.page.on("console", lambda message: self.seen.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.seen.faults.append(str(error)))

    def _finished(self, url: str, event: Mapping[str, Any]) -> None:
        self.seen.sizes[url] = event["encodedDataLength"]

    def opened(self, seen: Seen) -> Page:
        """The page as at first, what is seen of which goes into `seen`."""
        self.page.set_viewport_size(PHONE)
        self.page.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")
        self.seen = seen
        return self.page


@dataclass
class Survey:
    """Looks at every template of the site at `address`; what was seen in a language is kept."""

    browser: Browser = field(repr=False)
    address: str
    templates: Sequence[Template]
    kept: dict[str, Mapping[Template, Seen]] = field(default_factory=dict, repr=False)
    windows: list[Window] = field(default_factory=list, repr=False)  # that nobody looks through

    def of(self, language: str) -> Mapping[Template, Seen]:
        """What was seen in one language; in one of each direction, in the dark, in forced colours and on paper too."""
        if language not in self.kept:
            seen = {one: Seen() for one in self.templates}
            together(self.look(f"/{language}/{one.path}", seen[one], modes=language in MODE_LANGUAGES) for one in seen)
            self.kept[language] = seen
        return self.kept[language]

    def look(self, path: str, seen: Seen, modes: bool) -> Iterator[None]:
        """Look at one page. Gives way whenever the browser has something to do that takes a while."""
        window = self.windows.pop() if self.windows else Window(self.browser)
        page = window.opened(seen)
        page.goto(self.address + path, wait_until="commit")
        yield
        page.wait_for_load_state("load")
        page.evaluate("() => document.fonts.ready.then(() => undefined)")
        requests, faults = list(seen.requests), list(seen.faults)
        self._first_view(page, seen)
        page.add_script_tag(path=AXE)
        yield from self._widths(page, seen, modes)
        if modes:
            yield from self._modes(page, seen)
        self.windows.append(window)
        seen.requests, seen.faults = requests, faults  # of the page itself, not of what looked at it

    @staticmethod
    def _first_view(page: Page, seen: Seen) -> None:
        seen.stored = page.evaluate(STORED) or bool(page.context.cookies())
        seen.root = page.evaluate("[document.documentElement.lang, document.documentElement.dir]")
        seen.headings = page.evaluate(HEADINGS)

    @staticmethod
    def _widths(page: Page, seen: Seen, modes: bool) -> Iterator[None]:
        for name, size in (("320 px", PHONE), ("1280 px", DESKTOP)):
            page.set_viewport_size(size)
            if page.evaluate(OVERFLOW):
                seen.overflows.append(name)
            page.evaluate(START_AXE, {} if modes or size is PHONE else NO_CONTRAST)
            yield
            seen.axe[name] = page.evaluate(AXE_FOUND)
        page.set_viewport_size(PHONE)
        seen.higher = page.evaluate(HIGHER)
        page.evaluate(OPEN)
        if page.evaluate(OVERFLOW):
            seen.overflows.append("320 px, all details open")

    @staticmethod
    def _modes(page: Page, seen: Seen) -> Iterator[None]:
        page.set_viewport_size(DESKTOP)
        seen.unseen["light"] = page.evaluate(UNSEEN)
        page.emulate_media(color_scheme="dark")
        page.evaluate(START_AXE, {"runOnly": ["color-contrast"]})
        yield
        seen.axe["dark"] = page.evaluate(AXE_FOUND)
        seen.unseen["dark"] = page.evaluate(UNSEEN)
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme, forced_colors="active")
            seen.unseen[f"forced colours, {scheme}"] = page.evaluate(UNSEEN)
        page.emulate_media(forced_colors="none", reduced_motion="reduce")
        seen.moving = page.evaluate(MOVING)
        page.set_viewport_size(PAPER)
        page.emulate_media(media="print", reduced_motion="no-preference")
        seen.printed, seen.cut = page.evaluate(PRINTED), page.evaluate(CUT)


def together(looks: Iterable[Iterator[None]]) -> None:
    """Finish all, several at a time: while the browser works on one page, the next is looked at."""
    waiting = iter(looks)
    running = deque(islice(waiting, AT_ONCE))
    while running:
        look = running.popleft()
        try:
            next(look)
            running.append(look)
        except StopIteration:
            running.extend(islice(waiting, 1))


def walk(page: Page) -> dict[str, Any]:
    """Press Tab through the whole page and say which stops were missed or not marked, and whether the way ends.

    A page that is left by its end gives the focus back to the browser, so a last press more finds the first stop.
    """
    stops = page.evaluate(WATCH_FOCUS)
    for _ in range(stops):
        page.keyboard.press("Tab")
    return page.evaluate(WALKED)


def links_without_scripts(context: BrowserContext, url: str) -> list[str]:
    """Absolute addresses that a page without scripts leads to or loads, without their fragments."""
    page = context.new_page()
    page.goto(url)
    # Scripts of the page are off, so its links are read by the test's own locator, which needs none.
    found = [urldefrag(urljoin(url, link))[0] for link in page.evaluate(LINKS)]
    page.close()
    return found
