"""The frame around every page. Streamlit runs this file anew on every interaction."""

from pathlib import Path

import streamlit as st

from dashboard.errors import explained
from dashboard.parts.links import remember_pages
from dashboard.views.contract import View
from dashboard.work import attend
from data.discovery import kinds


def main() -> None:
    views = sorted(kinds("dashboard.views", View).items(), key=lambda item: item[1].order)  # type: ignore[type-abstract]
    pages = {
        name: st.Page(explained(view().show), title=view.title, url_path=name, default=place == 0)
        for place, (name, view) in enumerate(views)
    }
    remember_pages(pages)
    page = st.navigation(list(pages.values()), position="top")
    st.set_page_config(
        page_title=f"{page.title} · Drydock",
        page_icon=str(Path(__file__).with_name("icon.svg")),  # Streamlit's own icons are fetched from elsewhere
        layout="wide",
        menu_items={"About": "Drydock trains a model, deploys it for real and compares the ways side by side."},
    )
    attend()
    page.run()


main()
