"""Earlier results that a run keeps until it is over."""

import shutil

from lmm import files
from lmm.kept import bring_back, keep


def test_what_is_gone_comes_back_and_counts_as_outdated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = ["results/s/gone", "results/s/made anew", "results/s/never there", "reports/s/gone"]
    for path in (*paths[:2], paths[3]):
        files.write_text(path, "old")
    keep(paths)
    for path in (*paths[:2], paths[3]):
        (tmp_path / path).unlink()
    files.write_text(paths[1], "new")
    assert bring_back() == [paths[0], paths[3]]
    assert [(tmp_path / path).read_text() for path in (*paths[:2], paths[3])] == ["old", "new", "old"]
    assert (tmp_path / paths[0]).stat().st_mtime < (tmp_path / paths[1]).stat().st_mtime - 1e6
    assert not list(tmp_path.rglob(".kept"))
    assert bring_back() == []


def test_a_folder_comes_back_where_no_job_filled_it_to_the_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("half", "full"):
        files.write_text(f"results/{name}/a.svg", "old")
        files.write_text(f"results/{name}/.snakemake_timestamp", "")
    keep(["results/half", "results/full"])
    for name in ("half", "full"):
        shutil.rmtree(f"results/{name}")
        files.write_text(f"results/{name}/b.svg", "new")
    files.write_text("results/full/.snakemake_timestamp", "")
    assert bring_back() == ["results/half"]
    assert sorted(path.name for path in (tmp_path / "results").rglob("*.svg")) == ["a.svg", "b.svg"]
    assert (tmp_path / "results/half/.snakemake_timestamp").stat().st_mtime == 1


def test_what_a_killed_job_half_filled_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.write_text("results/half/a.svg", "part of it")
    keep(["results/half"])
    shutil.rmtree("results/half")
    assert bring_back() == []
    assert not list(tmp_path.rglob("*.svg"))
