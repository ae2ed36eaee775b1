"""Makefiles, justfiles, Taskfiles."""

from __future__ import annotations

from tests.extractors.reading import one, pairs, pick, read, whys


def test_make_targets_and_variables() -> None:
    facts = read(
        "Makefile",
        "VERSION := $(shell git describe)\nNAME ?= shop # the name\n.PHONY: all \\\n  clean\n\n"
        "all: build test ; @echo done\n\n# Removes everything\nclean:\n\t@# nothing\n\t-rm -rf out\n\n"
        "%.o: %.c\n\tcc $<\n\ndefine HELP\nnot: this\nendef\nifeq ($(X),1)\nx:y\nendif\n",
    )
    assert pairs(facts, "target") == {"all": "", "clean": "rm -rf out", "%.o": "cc $<", "x": ""}
    assert one(facts, "target", "all").attr("needs") == "build test"
    assert one(facts, "target", "clean").attrs == (
        ("source", "make"), ("about", "Removes everything"), ("phony", "yes")
    )  # fmt: skip
    assert one(facts, "setting", "NAME").attr("weak") == "yes"
    assert one(facts, "setting", "NAME").value == "shop"


def test_just_recipes() -> None:
    facts = read(
        "justfile",
        'port := "8080"\nset dotenv-load\n\n# Start it\n'
        'serve host="0.0.0.0" *args: build\n    @./serve {{host}}\n\n[private]\nbuild:\n    make\n',
    )
    assert pairs(facts, "target") == {"serve": "./serve {{host}}", "build": "make"}
    assert one(facts, "target", "serve").attr("args") == 'host="0.0.0.0" *args'
    assert one(facts, "target", "serve").attr("about") == "Start it"
    assert pairs(facts, "setting") == {"port": "8080"}


def test_task_files() -> None:
    facts = read(
        "Taskfile.yml",
        "version: '3'\nvars: {PORT: 80}\ntasks:\n  up:\n"
        "    desc: Start\n    deps: [build]\n    cmds: [docker up, x]\n  build: make\n  z: null\n",
    )
    assert pairs(facts, "target") == {"up": "docker up", "build": "make", "z": ""}
    assert [f.name for f in pick(facts, "setting")] == ["PORT"]


def test_long_lines_are_cut_with_a_note() -> None:
    assert whys(read("Makefile", "x" * 5000 + ":\n")) == ["lines of more than 2,000 characters are cut: 1"]
