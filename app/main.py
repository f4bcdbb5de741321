"""The dashboard's entry: `evalwh app` starts it with `EVALWH_DB` set."""

from pathlib import Path

import streamlit as st
from dashboard import cases, leaderboard, states, thresholds

_FOLDER = Path(__file__).parent

st.set_page_config(page_title="evalwh", page_icon=str(_FOLDER / "favicon.png"), layout="wide")
st.html(_FOLDER / "style.css")
page = st.navigation(
    [
        st.Page(leaderboard.page, title="Leaderboard", url_path="leaderboard", default=True),
        st.Page(cases.page, title="Cases", url_path="cases"),
        st.Page(thresholds.page, title="Thresholds", url_path="thresholds"),
    ],
    position="top",
)
with states.friendly_errors():
    page.run()
