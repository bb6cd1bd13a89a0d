"""What the pages say, in every kind of case."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from separatrix.body.anatomy.model import GateState
from separatrix.share import paper
from separatrix.share.dossier import DossierFiles, page, write_dossier
from separatrix.share.dossier.content import Content, gather
from separatrix.share.dossier.wording import SAFETY

Make = Callable[..., Any]


def text_of(html: str) -> str:
    """The words of a page, without scripts, styles and tags."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def build(plan: Any, case_with: Make, stations_with: Make, entries: Any) -> Make:
    """A page of the full plan, or of one with parts replaced."""

    def content(**changes: Any) -> Content:
        parts: dict[str, Any] = {
            "case": case_with(),
            "scene": plan.scene,
            "anatomy": plan.anatomy,
            "separatrix": plan.separatrix,
            "stations": stations_with(),
            "entries": entries,
            "slices": {},
            "stills": (),
            "own_notes": (),
        }
        return gather(**(parts | changes))

    return lambda **changes: page.to_html(content(**changes))


def test_the_page_refers_to_nothing_outside_itself(written: DossierFiles) -> None:
    html = written.html.read_text(encoding="utf-8")
    markup = re.sub(r"<script\b[^>]*>.*?</script>", "", html, flags=re.S)
    links = re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\'\s>)]{1,40})', markup)
    assert links
    assert all(link.startswith(("#", "data:")) for link in links), set(links)
    assert '<link rel="icon" href="data:,">' in html  # no browser asks for a favicon
    assert not re.search(r"@import|@font-face", markup)


def test_it_is_small_enough_to_send(written: DossierFiles) -> None:
    assert written.html.stat().st_size <= 12_000_000


def test_the_safety_statement_names_device_assumptions_and_certainty(build: Make) -> None:
    words = text_of(build())
    assert SAFETY in words
    for part in ("qualified team", "Not a certified medical device", "assumptions", "synthetic pairs only"):
        assert part in SAFETY


def test_a_banner_stands_on_top_and_is_not_repeated_as_a_note(build: Make) -> None:
    html = build()
    words = text_of(html)
    assert words.index("Date of CT ct is unknown") < words.index("Summary")
    assert "BANNER" not in words
    assert "\\0025b2 " in html or "▲ Date" in html  # also in the head of printed pages
    assert "12 slices were duplicates" in words


def test_each_child_is_named_by_shape_and_letter(build: Make) -> None:
    words = text_of(build())
    assert "● A" in words
    assert "◆ B" in words
    assert not re.search(r"\b(left|right) twin\b", words, re.IGNORECASE)


def test_both_classes_are_printed_near_a_threshold(build: Make) -> None:
    words = text_of(build())
    assert "TV-II or TV-III" in words
    assert "141.2°" in words


def test_what_is_unknown_says_why_and_has_no_number(build: Make) -> None:
    words = text_of(build())
    assert "unknown because no image tells fusion from adherence" in words
    assert "Date of CT ct: unknown because the file carries no date" in words
    assert not re.search(r"\bnan\b|\bNone\b", words, re.IGNORECASE)


def test_every_entry_is_printed_with_value_range_mark_and_source(build: Make) -> None:
    html = build()
    words = text_of(html)
    for part in ("5 to 20", "assumption: the team must set it", "expert rule", "140°", "S01"):
        assert part in words, part
    assert "surface.cost.brain" in words.replace(". ", ".")
    assert html.count('<tr class="assumption">') == 1


def test_a_value_the_team_set_stays_visible_with_the_tables_own(build: Make, entries: Any) -> None:
    own = replace(entries[1], value=142.0, overridden="our own series", original=entries[1])
    words = text_of(build(entries=[own]))
    assert "Set by the team : our own series (table: 140°, mark E)" in words


def test_a_statement_tells_which_kinds_of_evidence_its_station_read(build: Make) -> None:
    row = re.search(r"Where to cut</th>.*?</tr>", build(), re.S)
    assert row is not None
    assert "its station read" in row[0]  # not: what this very sentence rests on
    assert re.findall(r'class="mark"[^>]*>(\w)<', row[0]) == ["A"]


def test_gates_show_state_child_and_source_and_no_score(build: Make) -> None:
    words = text_of(build())
    assert "1 met, 1 not met, 0 to be confirmed" in words
    assert "✗ not met" in words
    assert "S45" in words
    assert "not a score" in words


def test_the_inventory_gives_areas_and_calibres_with_ranges(build: Make) -> None:
    words = text_of(build())
    for part in ("20.1 cm²", "6 mm", "4.8 to 7.1 mm", "14, 0, 3 mm", "at most 0.06 % above the best cut"):
        assert part in words, part


def summary_row(html: str, about: str) -> str:
    """Words of one row of the summary."""
    row = re.search(rf"<th scope=.row.>{about}</th>.*?</tr>", html, re.S)
    assert row is not None
    return text_of(row[0])


def test_what_the_cut_does_to_each_child_is_told_in_the_summary_and_never_summed(build: Make) -> None:
    html = build()
    row = summary_row(html, "What the cut does to each child’s brain")
    told = "● A: cut through A’s own brain: 2.1 cm²; brain of A on B’s side of the cut: 0.23 ml."
    assert told in row
    assert "◆ B: cut through B’s own brain: 1.1 cm²; brain of B on A’s side of the cut: 0 ml." in row
    assert "synthetic pairs only" in row
    assert "● A 2.1 cm² 0.23 ml ◆ B 1.1 cm² 0 ml" in text_of(html)  # in the inventory too
    assert "3.2 cm²" not in text_of(html)  # the sum over both children


def test_harm_that_was_not_counted_is_unknown_and_not_nothing(build: Make, plan: Any) -> None:
    bare = replace(plan.separatrix, brain_cut_cm2={}, brain_across_ml={})
    row = summary_row(build(separatrix=bare), "What the cut does to each child’s brain")
    assert row.count("unknown because it was not counted") == 4
    assert "0 ml" not in row


def test_forty_vessels_are_all_listed_and_counted_in_words(build: Make, plan: Any) -> None:
    one = plan.separatrix.crossed[0]
    kinds = ("artery", "sinus", "vein")
    many = tuple(replace(one, id=f"{kinds[n % 3]}-{n}", structure=kinds[n % 3]) for n in range(40))
    html = build(separatrix=replace(plan.separatrix, crossed=many))
    assert "14 arteries, 13 sinuses, 13 veins" in summary_row(html, "Where to cut")
    assert all(f">{vessel.id}<" in html for vessel in many)


def test_what_is_open_is_not_called_complete(build: Make, plan: Any) -> None:
    gate = replace(plan.anatomy.suitability[0], state=GateState.TO_BE_CONFIRMED)
    kind = replace(plan.anatomy.classification, winston=())
    words = text_of(build(anatomy=replace(plan.anatomy, suitability=(gate,), classification=kind)))
    assert "Angle between the bodies’ axes: unknown because the case gives no" in words
    assert "Haematocrit of ● A: unknown because the case file does not give it" in words
    assert "Class by Winston: unknown because" in words
    assert "1 of 1 suitability gates are still to be confirmed by people" in words
    assert "Every measure has a value" not in words


def test_only_what_is_known_and_confirmed_is_called_complete(build: Make, plan: Any, case_with: Make) -> None:
    child = {"sex": "female", "weight_kg": 8.0, "haematocrit": 0.34}
    anatomy = replace(
        plan.anatomy,
        classification=replace(plan.anatomy.classification, angle_bodies_deg=170.0),
        shared=plan.anatomy.shared[:1],
    )
    image = replace(plan.scene.images["ct"], acquired=plan.scene.images["t1"].acquired)
    scene = replace(plan.scene, images={"ct": image})
    full = {"anatomy": anatomy, "scene": scene, "case": case_with(twins={"A": child, "B": child})}
    assert "Every measure has a value and every gate an answer" in text_of(build(**full))


def test_an_entry_named_in_a_sentence_is_told_with_value_range_and_unit(build: Make, plan: Any) -> None:
    how = "area where the gap is at most the entry surface.cost.brain, <seen>; range over that entry's"
    item = replace(plan.anatomy.shared[0], how=how)
    html = build(anatomy=replace(plan.anatomy, shared=(item,)))
    words = text_of(html)
    assert (
        "gap is at most 10 (5 to 20) surface.cost.brain , &lt;seen&gt;; the result’s range follows" in words
    )
    assert '<small class="entry">surface.cost.brain</small>' in html
    assert "the entry" not in words


def test_a_share_is_told_in_per_cent_and_a_count_as_a_count(build: Make, plan: Any) -> None:
    item = replace(plan.anatomy.shared[0], unit="1", low=None, high=None)
    share = replace(item, id="adherent_fraction", name="Adherent part", value=0.1716, low=0.164, high=0.249)
    count = replace(item, id="crossings", name="Vessels that cross", value=7)
    words = text_of(build(anatomy=replace(plan.anatomy, shared=(share, count))))
    assert "Adherent part: 17.2 % (16.4 to 24.9 %)." in words
    assert "Vessels that cross: 7." in words


def test_a_decision_that_differs_between_the_children_raises_a_banner(build: Make, case_with: Make) -> None:
    record = {"by": ["Dr Example"], "on": "2026-11-03"}
    for choice, differs in (
        ({"A": "separate", "B": "do not separate"}, True),
        ({"A": "separate", "B": "separate"}, False),
    ):
        words = text_of(build(case=case_with(decision=record | {"choice": choice})))
        top = words[: words.index("Contents")]
        assert ("not the same for both children (● A: separate; ◆ B: do not separate)" in top) == differs
        assert ("The team decided: not separated (◆ B)" in top) == differs


def test_wherever_certainty_is_told_it_is_called_synthetic(build: Make) -> None:
    html = build()
    for place in ("Whose brain is whose", "What the cut does to each child’s brain"):
        assert "calibrated on synthetic pairs only" in summary_row(html, place)
    for section in ("sure", "shared", "cut"):
        words = text_of(html[html.index(f'<section id="{section}"') :].partition("</section>")[0])
        assert "calibrated on synthetic pairs only" in words, section


def test_certainty_is_told_in_ml_that_are_unsure_not_diluted_by_the_whole_brain(build: Make) -> None:
    row = summary_row(build(), "Whose brain is whose")
    assert re.search(r"● A: \d+ ml of brain; of [\d.]+ ml of it the owner is less than 95 % sure", row)


def css_read(written: str) -> str:
    """A CSS string as a browser reads it: an escape ends at a blank, which it takes."""
    return re.sub(r"\\([0-9a-f]{1,6})\s?", lambda m: chr(int(m[1], 16)), written[1:-1])


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_page_heads_say_what_was_written_to_the_blank(text: str) -> None:
    written = str(page._css_string(text))
    assert css_read(written) == text
    assert not re.search(r'["<>\n]', written[1:-1])


def test_long_titles_and_banners_are_cut_in_page_heads_only(build: Make, case_with: Make, plan: Any) -> None:
    title, banner = "long title " * 60 + "end of title", "word " * 300 + "end of banner"
    scene = replace(plan.scene, notes=tuple(f"BANNER {n} {banner}" for n in range(3)))
    html = build(case=case_with(title=title), scene=scene)
    head = css_read(re.findall(r'content: ("Separatrix[^"]*")', html)[0]).splitlines()
    assert len(head) == 1 + 3 * 2
    assert max(map(len, head)) <= 104
    assert "end of" not in "".join(head)
    assert "end of title" in re.findall(r"<h1.*?</h1>", html, re.S)[0]
    assert text_of(html).count("end of banner") == 2 * 3  # on top, and among the notes


def test_the_price_of_paint_is_printed(build: Make) -> None:
    assert re.search(r"brain ◆ B 0.6 ml \(40 voxels\) 0.2 ml 0.42 %", text_of(build()))


def test_the_decision_record_is_empty_until_a_person_fills_it(build: Make) -> None:
    html = build()
    assert html.count("☐") == 8
    assert "☒" not in html
    assert "No decision is recorded" in text_of(html)


def test_a_decision_is_printed_for_each_child_with_who_and_dissent(build: Make, case_with: Make) -> None:
    decision = {
        "choice": {"A": "separate", "B": "wait"},
        "by": ["Dr Example, neurosurgery"],
        "on": "2026-11-03",
        "dissent": "anaesthesia asks for more weight",
        "review_on": "2026-12-01",
    }
    html = build(case=case_with(decision=decision))
    words = text_of(html)
    assert html.count("☒") == 2
    for part in ("● A: separate; ◆ B: wait", "Dr Example", "2026-11-03", "more weight", "2026-12-01"):
        assert part in words, part


def test_not_separated_is_a_dossier_too(build: Make, case_with: Make) -> None:
    words = text_of(
        build(case=case_with(decision={"choice": {"A": "do not separate", "B": "do not separate"}}))
    )
    assert "The team decided: not separated" in words
    assert "kept as a record only" in words
    assert "Suitability gates" in words


def test_a_refused_union_is_told_on_top_of_every_page(build: Make, plan: Any, stations_with: Make) -> None:
    why = "the union is of the skull base, not of the vault"
    html = build(
        anatomy=replace(plan.anatomy, refused_because=why),
        separatrix=None,
        stations=stations_with(anatomy=("refused", why), surface=("not_applicable", "the union was refused")),
    )
    words = text_of(html)
    assert words.index(f"This union is refused: {why}") < words.index("Summary")
    assert "not applicable, because the union was refused" in words


def test_draft_labels_raise_a_banner(build: Make, plan: Any) -> None:
    words = text_of(build(scene=replace(plan.scene, is_draft=True)))
    assert words.index("labels are a draft") < words.index("Summary")


KINDS = list(itertools.product(("imaging", "by hand", "nothing"), ("born", "expected")))


@pytest.mark.parametrize(("kind", "when"), KINDS)
def test_every_kind_of_case_gives_a_sensible_dossier(
    kind: str, when: str, plan: Any, case_with: Make, stations_with: Make, entries: Any, tmp_path: Path
) -> None:
    dates = {"born": {}, "expected": {"born": None, "expected_birth": "2026-12-24"}}[when]
    no_scan = {"imaging": ("not_applicable", "the case names no imaging")}
    no_cut = {"surface": ("not_applicable", "a surface needs imaging, and this case has none")}
    bare = replace(
        plan.anatomy, ownership=None, certainty=None, tissue=None, adherent=None, frames={}, painted=()
    )
    kinds = {
        "imaging": ((plan.scene, plan.anatomy, plan.separatrix), {}),
        "by hand": ((None, bare, None), no_scan | no_cut),
        "nothing": (
            (None, None, None),
            no_scan | {"anatomy": ("not_applicable", "nothing was given")} | no_cut,
        ),
    }
    (scene, anatomy, separatrix), status = kinds[kind]
    files = write_dossier(
        case=case_with(**dates),
        scene=scene,
        anatomy=anatomy,
        separatrix=separatrix,
        stations=stations_with(**status),
        entries=entries,
        folder=tmp_path,
    )
    words = text_of(files.html.read_text(encoding="utf-8"))
    assert ("2026-02-14" in words) == (when == "born")
    assert ("birth expected 2026-12-24" in words) == (when == "expected")
    for station, (state, because) in status.items():
        assert f"{station} What of {station}? {state.replace('_', ' ')}, because {because}" in words
        assert f"Not applicable: {because}" in words
    assert ("TV-II" in words) == (kind != "nothing")
    assert files.pdf is None or files.pdf.read_bytes().startswith(b"%PDF")
    assert (tmp_path / "result.json").exists()


def test_nothing_of_a_child_is_counted_as_dead_or_called_a_dose(written: DossierFiles) -> None:
    words = text_of(written.html.read_text(encoding="utf-8"))
    assert not re.search(r"\b(death|dead|die[sd]?|mortality|dose|surviv\w+)\b", words, re.IGNORECASE)


@pytest.mark.parametrize(
    "title",
    [
        "</style><script>alert(1)</script>",
        '"; } body { display: none } /*',
        "{{ 7 * 7 }} & <b>",
        "Zwillinge ÄÖ ● \\ '",
    ],
)
def test_a_title_stays_text_whatever_it_holds(title: str, build: Make, case_with: Make) -> None:
    html = build(case=case_with(title=title))
    assert "<script>alert" not in html
    assert html.count("</style>") == 1
    style = html[html.index("<style>") : html.index("</style>")]
    assert "display: none } /*" not in style
    assert "49" not in re.findall(r"<h1[^>]*>(.*?)</h1>", html)[0]


def test_without_the_built_viewer_the_page_says_how_to_get_it(
    written: DossierFiles, build: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("templates", "static"):
        (tmp_path / name).symlink_to(Path(page.__file__).parent / name)
    (tmp_path / "static").unlink()
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "page.js").write_text("")
    monkeypatch.setattr(page, "_HERE", tmp_path)
    script, why = page.viewer_script()
    assert script == ""
    assert "make setup" in why


def test_the_same_plan_gives_the_same_html(
    written: DossierFiles, plan: Any, case_with: Make, stations_with: Make, entries: Any, tmp_path: Path
) -> None:
    again = write_dossier(
        case=case_with(),
        scene=plan.scene,
        anatomy=plan.anatomy,
        separatrix=plan.separatrix,
        stations=stations_with(),
        entries=entries,
        folder=tmp_path,
    )
    assert again.html.read_bytes() == written.html.read_bytes()
    if written.pdf is not None and again.pdf is not None:
        assert again.pdf.read_bytes() == written.pdf.read_bytes()


def test_without_pango_the_html_is_whole_and_the_note_names_the_install_line(
    monkeypatch: pytest.MonkeyPatch, case_with: Make, stations_with: Make, entries: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(paper, "_weasyprint", lambda: None)
    files = write_dossier(
        case=case_with(),
        scene=None,
        anatomy=None,
        separatrix=None,
        stations=stations_with(imaging=("not_applicable", "no imaging")),
        entries=entries,
        folder=tmp_path,
    )
    assert files.pdf is None
    assert any("apt-get install libpango" in note for note in files.notes)
    assert "apt-get install libpango" in text_of(files.html.read_text(encoding="utf-8"))
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["dossier.html", "result.json"]
