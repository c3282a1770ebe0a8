"""The page and the plots that are made of the benchmark's numbers."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import report  # noqa: E402
import tables  # noqa: E402
from bar_chart import Bar, Chart, Scale, draw  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
SVG = "{http://www.w3.org/2000/svg}"


def rounds(**values):
    """{name: [round, ...]} of CPU times."""
    return {name: [{"cpu_us": one, "user_us": one / 4, "system_us": one * 3 / 4} for one in each]
            for name, each in values.items()}


def row(**values):
    return {"title": "x", "measured": "2026-01-01",
            "contestants": report.summary(WORKLOADS["1k-64"], rounds(**values))}


# fairlead's and HAProxy's rounds, the ratio, its spread
RATIOS = {
    "one_round": ([5], [10], 0.5, 0),
    "slow_rounds_are_slow_for_both": ([5, 50, 6], [10, 100, 12], 0.5, 0),
    "the_middle_half_of_four": ([1, 4, 6, 100], [10, 10, 10, 10], 0.5, 0.1),
    "the_middle_half_of_five": ([0.1, 3, 4, 6, 99], [10, 10, 10, 10, 10], 0.4, 0.15),
}


@pytest.mark.parametrize("own, others, ratio, spread", RATIOS.values(), ids=RATIOS.keys())
def test_a_ratio_is_of_rounds_that_belong_together(own, others, ratio, spread):
    measured = rounds(fairlead=own, haproxy=others)
    assert report.ratio(measured, "fairlead", "haproxy", "cpu_us") == pytest.approx(ratio)
    assert report.spread(measured, "fairlead", "haproxy", "cpu_us") == pytest.approx(spread)


@pytest.mark.parametrize("name, other", [("fairlead", "nginx"), ("nginx", "haproxy")])
def test_there_is_no_ratio_to_who_was_not_measured(name, other):
    measured = rounds(fairlead=[5], haproxy=[10])
    assert report.ratio(measured, name, other, "cpu_us") is None


def test_a_missed_target_is_bold():
    text = tables.cpu({"1k-64": row(fairlead=[7], haproxy=[10], nginx=[9], relay=[6])})
    assert text.splitlines()[-1] == ("| GET 1 KiB, 64 connections | 7.0 | 10.0 | 9.0 | 6.0 | "
                                     "**0.70 (<= 0.65)** | 1.17 (<= 1.25) |")


VERSIONS = {"haproxy-new": "HAProxy version 3.4.7-1 2026/10/14", "haproxy": "HAProxy version 2.6.12",
            "nginx-new": "nginx version: nginx/1.30.6"}


def test_the_newest_haproxy_has_the_target_and_the_other_one_stands_beside_it():
    measured = {**row(**{"fairlead": [6], "haproxy-new": [8], "haproxy": [10], "nginx-new": [9],
                         "relay": [6]}), "versions": VERSIONS}
    lines = tables.cpu({"1k-64": measured}).splitlines()
    assert lines[0] == ("| CPU us per request | fairlead | haproxy 3.4 | nginx 1.30 | haproxy 2.6 | relay "
                        "| of haproxy 3.4 | of haproxy 2.6 | of relay |")
    assert lines[-1] == ("| GET 1 KiB, 64 connections | 6.0 | 8.0 | 9.0 | 10.0 | 6.0 | "
                         "**0.75 (<= 0.65)** | 0.60 | 1.00 (<= 1.25) |")


def test_rows_of_two_runs_keep_their_targets_and_versions():
    old = {**row(fairlead=[6], haproxy=[10]), "versions": {"haproxy": "HAProxy version 2.6.12"}}
    new = {**row(**{"fairlead": [6], "haproxy-new": [8]}), "versions": VERSIONS}
    newer = {**new, "versions": {"haproxy-new": "HAProxy version 3.5.0"}}
    lines = tables.cpu({"1k-1": old, "1k-64": new, "1k-1000": newer}).splitlines()
    assert lines[0].endswith("| of haproxy 3.4/3.5 | of haproxy 2.6 |")
    assert lines[2].endswith("|  | 0.60 (<= 0.80) |")
    assert lines[3].endswith("| **0.75 (<= 0.65)** |  |")
    facts = {"cpu": "x", "cpus": 2, "kernel": "6"}
    said = tables.machine({"machine": facts, "rows": {"1k-1": old, "1k-64": newer}})
    assert said.splitlines()[1:3] == ["- HAProxy version 3.5.0", "- HAProxy version 2.6.12"]


@pytest.mark.parametrize("name, known", [
    ("haproxy-new", "haproxy 3.4"), ("haproxy-new-splice", "haproxy 3.4 splice"),
    ("nginx-new", "nginx 1.30"), ("fairlead", "fairlead"), ("nginx", "nginx")])
def test_contestants_are_known_by_their_versions(name, known):
    assert tables.called(name, [{"versions": VERSIONS}, {}]) == known


def test_only_what_stands_between_markers_is_written():
    page = "a\n<!-- measured: cpu -->\nold\n<!-- end -->\nb\n<!-- end -->\n"
    once = tables.filled(page, {"cpu": "new"})
    assert once == "a\n<!-- measured: cpu -->\n\nnew\n\n<!-- end -->\nb\n<!-- end -->\n"
    assert tables.filled(once, {"cpu": "new"}) == once


def test_the_page_can_be_filled_before_anything_is_measured():
    nothing = tables.all_of({"machine": {}, "rows": {}}, {}, {})
    assert set(nothing.values()) == {tables.NOTHING}
    page = tables.filled(PAGE.read_text(), nothing)
    assert page.count(tables.NOTHING) == len(nothing)


CHART = Chart("Bars & more", "less < more", [
    ("one", [Bar("fairlead", 0.5, "0.50", 0.25), Bar("somebody", 1.0, "1.00")]),
    ("a label that is far too long for a single line", [Bar("haproxy", 0, "0")])],
    ("user", "system"), 1.0, "here")


def test_a_plot_is_a_picture_in_which_nothing_leaves_the_card():
    root = ElementTree.fromstring(draw(CHART))
    width, height = float(root.get("width")), float(root.get("height"))
    for box in root.iter(f"{SVG}rect"):
        assert float(box.get("x")) + float(box.get("width")) <= width
        assert float(box.get("y")) + float(box.get("height")) <= height
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.get("y")) < height
    said = [text.text for text in root.iter(f"{SVG}text")]
    assert {"Bars & more", "less < more", "0.50", "1.00", "here", "somebody"} <= set(said)


@pytest.mark.parametrize("highest, ticks", [
    (1.53, [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6]), (7, [0, 1, 2, 3, 4, 5, 6, 7]),
    (1713, [0, 250, 500, 750, 1000, 1250, 1500, 1750]), (100, [0, 20, 40, 60, 80, 100]),
    (0, [0, 0.2, 0.4, 0.6, 0.8, 1])])
def test_axes_have_round_numbers(highest, ticks):
    assert Scale(highest).ticks() == pytest.approx(ticks)
