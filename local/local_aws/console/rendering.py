"""Templates, filled in. Everything that comes from AWS, GitHub or a user is escaped."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from local_aws.console import formatting, graph
from local_aws.console.pages import Page

SECTIONS = ("projects", "pipelines", "registry", "stages", "repositories", "classify")


class Renderer:
    """Renders pages whose addresses begin with `base` and whose forms hold `token`."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base
        self._environment = Environment(
            loader=PackageLoader("local_aws.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "chip": formatting.chip,
            "figure": formatting.figure,
            "moment": formatting.moment,
            "readable": formatting.readable,
        }
        self._environment.globals |= {
            "box": {"width": graph.WIDTH, "height": graph.HEIGHT},
            "sections": SECTIONS,
            "sign": formatting.sign,
            "token": token,
            "url": self.url,
        }

    def url(self, *path: object, **query: str) -> str:
        """The address of a page by the names of its path."""
        names = "/".join(quote(str(name), safe="") for name in path)
        return f"{self._base}/{names}" + (f"?{urlencode(query)}" if query else "")

    def page(self, page: Page, path: str, notice: str = "") -> str:
        """The whole page."""
        return self._render("page.html", page, path, notice)

    def main(self, page: Page, path: str) -> str:
        """The part of the page that changes."""
        return self._render("main.html", page, path, "")

    def _render(self, layout: str, page: Page, path: str, notice: str) -> str:
        section = path.removeprefix(f"{self._base}/").partition("/")[0] or SECTIONS[0]
        given: dict[str, Any] = {"layout": layout, "page": page, "view": page.view, "notice": notice}
        return self._environment.get_template(page.template).render(section=section, **given)
