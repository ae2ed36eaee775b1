"""Facts of other languages' build files, read line by line: Go, Java, .NET, Rust, Ruby, PHP, Dart.

``package``
    `name`, `value` its version. [ecosystem: go, maven, gradle, nuget, cargo, rubygems, composer, pub;
    workspaces: modules below, blank-joined; unnamed: yes when the file names none: then the folder's name
    stands (`kbgen.extractors.placed`); group; sdk; language: the version of the language]
``dependency``
    `name` as the ecosystem writes it (``group:artifact`` for Java), `value` the version as written. [section;
    indirect: yes; local: yes for a project of the same repository]
``script``
    `name` a command that the package installs, `value` its file. [source; bin: yes]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kbgen.extractors.base import sort_facts
from kbgen.extractors.json_nodes import parse_json
from kbgen.extractors.lines import read_lines
from kbgen.extractors.nodes import Node, keep_attrs
from kbgen.extractors.toml_nodes import parse_toml
from kbgen.extractors.yaml_nodes import parse_yaml
from kbgen.model import Fact, FileFacts, SkippedFile, SourceFile
from kbgen.patterns import LazyPattern

SUFFIXES: tuple[str, ...] = (".csproj", ".fsproj", ".vbproj", ".gemspec")
VERSION = "manifests-1"

_Reading = tuple[list[Fact], tuple[str, ...]]


def extract(source: SourceFile) -> FileFacts:
    name = source.path.rpartition("/")[2].lower()
    read = next((read for ends, read in _READERS if name.endswith(ends)), None)
    facts, problems = read(source) if read is not None else ([], ())
    skipped = tuple(SkippedFile(source.path, why) for why in problems)
    return FileFacts(source.path, source.blob, sort_facts(facts), skipped)


def _make_package(
    source: SourceFile, line: int, name: str, version: str, ecosystem: str, *attrs: tuple[str, str]
) -> Fact:
    details = keep_attrs(("ecosystem", ecosystem), *attrs, ("unnamed", "" if name else "yes"))
    return Fact("package", name, source.path, line, version, "", "", details)


def _make_dependency(source: SourceFile, line: int, name: str, version: str, *attrs: tuple[str, str]) -> Fact:
    return Fact("dependency", name, source.path, line, version, "", "", keep_attrs(*attrs))


def _note_cut_lines(source: SourceFile) -> tuple[str, ...]:
    return tuple(note.why for note in read_lines(source)[1])


def _list_lines(source: SourceFile) -> Iterator[tuple[int, str]]:
    return enumerate(read_lines(source)[0], 1)


# --------------------------------------------------------------------------------------------- Go

_GO_REQUIRE = LazyPattern(r"(?:require\s+)?([^\s/()]+\.[^\s()]+)\s+(v\S+)\s*(//\s*indirect)?")
_GO_BLOCK = LazyPattern(r"(\w+)\s*\(")


def _read_go(source: SourceFile) -> _Reading:
    facts: list[Fact] = []
    language = ""
    module: tuple[int, str] | None = None
    block = ""
    folders: list[str] = []
    for number, line in _list_lines(source):
        text = line.strip()
        opens = _GO_BLOCK.match(text)
        word, _, rest = text.partition(" ")
        if opens is not None:
            block = opens[1]
        elif text == ")":
            block = ""
        elif word == "module":
            module = (number, rest.strip().strip('"'))
        elif word == "go" and not block:
            language = rest.strip()
        elif block == "use" or word == "use":
            folders.append((rest if word == "use" else text).strip())
        elif block == "require" or word == "require":
            match = _GO_REQUIRE.match(text)
            if match is not None:
                indirect = ("indirect", "yes" if match[3] else "")
                facts.append(_make_dependency(source, number, match[1], match[2], ("section", "require"), indirect))
    if module is not None:
        facts.append(_make_package(source, module[0], module[1], "", "go", ("language", language)))
    elif folders:
        workspaces = ("workspaces", " ".join(folders))
        facts.append(_make_package(source, 1, "", "", "go", ("language", language), workspaces))
    return facts, _note_cut_lines(source)


# ------------------------------------------------------------------------------------------- Java

_XML = LazyPattern(r"<(/?)([A-Za-z][\w.:-]*)([^<>]*?)(/?)>([^<]*)")
_XML_ATTRIBUTE = LazyPattern(r"""([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_XML_DEPTH = 40


def _walk_xml(text: str) -> Iterator[tuple[int, tuple[str, ...], str, dict[str, str]]]:
    """(line, names of the elements around and itself, its first text, its attributes), without a parser's dangers."""
    above: list[str] = []
    line, counted = 1, 0
    text = _blank_comments(text)
    for match in _XML.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match[1]:
            while above and above.pop() != match[2]:
                pass
            continue
        if len(above) >= _XML_DEPTH:
            return
        attributes = {key: first or second for key, first, second in _XML_ATTRIBUTE.findall(match[3])}
        yield line, (*above, match[2]), match[5].strip(), attributes
        if not match[4]:
            above.append(match[2])


def _blank_comments(text: str) -> str:
    parts = text.split("<!--")
    kept = [parts[0]]
    for part in parts[1:]:
        comment, closed, rest = part.partition("-->")
        kept.append("\n" * comment.count("\n") + (rest if closed else ""))
    return "".join(kept)


def _read_maven(source: SourceFile) -> _Reading:
    facts: list[Fact] = []
    own: dict[str, str] = {}
    own_line = 1
    modules: list[str] = []
    dependency: dict[str, str] = {}
    section = ""
    start = 0
    for line, names, text, _ in _walk_xml(source.text):
        if names[0] != "project":
            break
        if len(names) == 2 and names[1] in ("groupId", "artifactId", "version", "packaging"):
            own[names[1]] = text
            own_line = line if names[1] == "artifactId" else own_line
        elif names[:2] == ("project", "parent") and len(names) == 3:
            own.setdefault(f"parent.{names[2]}", text)
        elif names[-1] == "module" and names[-2] == "modules":
            modules.append(text)
        elif names[-1] == "dependency":
            facts.extend(_finish_maven(source, start, dependency, section))
            dependency, start = {}, line
            section = "managed" if "dependencyManagement" in names else "plugin" if "plugin" in names else "compile"
        elif len(names) > 1 and names[-2] == "dependency":
            dependency[names[-1]] = text
    facts.extend(_finish_maven(source, start, dependency, section))
    version = own.get("version", own.get("parent.version", ""))
    group = own.get("groupId", own.get("parent.groupId", ""))
    attrs = (("group", group), ("workspaces", " ".join(modules)), ("packaging", own.get("packaging", "")))
    facts.append(_make_package(source, own_line, own.get("artifactId", ""), version, "maven", *attrs))
    return facts, ()


def _finish_maven(source: SourceFile, line: int, found: dict[str, str], section: str) -> Iterator[Fact]:
    if "artifactId" in found:
        name = ":".join(part for part in (found.get("groupId", ""), found["artifactId"]) if part)
        scope = found.get("scope", section) if section == "compile" else section
        yield _make_dependency(source, line, name, found.get("version", ""), ("section", scope))


_GRADLE_PART = LazyPattern(
    r"""(?P<section>\b(?:\w*[iI]mplementation|api|\w*[cC]ompile|compileOnly\w*|\w*[rR]untimeOnly|annotationProcessor|kapt|ksp"""
    r"""|classpath|developmentOnly)\b)|["'](?P<text>[^"'\n]+)["']|(?P<catalog>\blibs\.[\w.]+)"""
    r"""|project\(\s*(?:path\s*[:=]\s*)?["'](?P<project>:[^"']*)["']"""
)
_GRADLE_COORDINATE = LazyPattern(r"([\w.\-]+:[\w.\-]+)(?::([^@:]+).*)?")
_GRADLE_VERSION = LazyPattern(r"""\s*version\s*=?\s*["']([^"']+)["']""")
_GRADLE_GROUP = LazyPattern(r"""\s*group\s*=?\s*["']([^"']+)["']""")
_GRADLE_NAME = LazyPattern(r"""\s*rootProject\.name\s*=\s*["']([^"']+)["']""")
_GRADLE_INCLUDE = LazyPattern(r"""["']:?([^"']+)["']""")
_GRADLE_COMMENT = LazyPattern(r"(?<!:)//.*$|/\*.*?\*/")


def _read_gradle(source: SourceFile) -> _Reading:
    facts: list[Fact] = []
    version = group = ""
    section = ""
    for number, raw in _list_lines(source):
        line = _GRADLE_COMMENT.sub("", raw)
        found_version, found_group = _GRADLE_VERSION.match(line), _GRADLE_GROUP.match(line)
        version = version or (found_version[1] if found_version is not None else "")
        group = group or (found_group[1] if found_group is not None else "")
        for part in _GRADLE_PART.finditer(line):
            if part["section"] is not None:
                section = part["section"]
            elif section and part["project"] is not None:
                local = ("local", "yes")
                facts.append(_make_dependency(source, number, part["project"], "", ("section", section), local))
            elif section and part["catalog"] is not None:
                facts.append(_make_dependency(source, number, part["catalog"], "", ("section", section)))
            elif section and part["text"] is not None:
                coordinate = _GRADLE_COORDINATE.fullmatch(part["text"])
                if coordinate is not None:
                    details = ("section", section)
                    facts.append(_make_dependency(source, number, coordinate[1], coordinate[2] or "", details))
        if not line.rstrip().endswith(","):
            section = ""
    facts.append(_make_package(source, 1, "", version, "gradle", ("group", group)))
    return facts, _note_cut_lines(source)


def _read_gradle_settings(source: SourceFile) -> _Reading:
    name, at = "", 1
    modules: list[str] = []
    goes_on = False
    for number, raw in _list_lines(source):
        line = _GRADLE_COMMENT.sub("", raw).strip()
        found = _GRADLE_NAME.match(line)
        if found is not None:
            name, at = found[1], number
        elif goes_on or re.match(r"include\b(?!Build)", line):
            modules.extend(module.replace(":", "/") for module in _GRADLE_INCLUDE.findall(line))
            goes_on = line.endswith((",", "("))
    return [_make_package(source, at, name, "", "gradle", ("workspaces", " ".join(modules)))], _note_cut_lines(source)


# ------------------------------------------------------------------------------------------- .NET


def _read_dotnet(source: SourceFile) -> _Reading:
    facts: list[Fact] = []
    known: dict[str, str] = {}
    sdk = ""
    for line, names, text, attributes in _walk_xml(source.text):
        if names == ("Project",):
            sdk = attributes.get("Sdk", "")
        elif names[-1] in ("AssemblyName", "TargetFramework", "TargetFrameworks", "Version", "OutputType"):
            known.setdefault(names[-1], text)
        elif names[-1] == "PackageReference" and "Include" in attributes:
            version = attributes.get("Version", "")
            facts.append(_make_dependency(source, line, attributes["Include"], version, ("section", "package")))
        elif names[-1] == "ProjectReference" and "Include" in attributes:
            target = attributes["Include"].replace("\\", "/")
            facts.append(_make_dependency(source, line, target, "", ("section", "project"), ("local", "yes")))
    stem = source.path.rpartition("/")[2].rpartition(".")[0]
    attrs = (
        ("sdk", sdk),
        ("language", known.get("TargetFramework", known.get("TargetFrameworks", ""))),
        ("output", known.get("OutputType", "")),
    )
    facts.append(_make_package(source, 1, known.get("AssemblyName", stem), known.get("Version", ""), "nuget", *attrs))
    return facts, ()


# -------------------------------------------------------------------------- Rust, PHP, Dart, Ruby


def _read_cargo(source: SourceFile) -> _Reading:
    document = parse_toml(source.text)
    facts: list[Fact] = []
    for root in document.roots:
        package, members = root.get("package"), root.get("workspace", "members")
        if package.entries or members.items:
            line = package.get("name").line or package.line or 1
            attrs = (("workspaces", " ".join(members.list_texts())), ("language", package.read("edition")))
            facts.append(_make_package(source, line, package.read("name"), package.read("version"), "cargo", *attrs))
        for section in ("dependencies", "dev-dependencies", "build-dependencies"):
            facts.extend(_read_table(source, root.get(section), section))
        facts.extend(_read_table(source, root.get("workspace", "dependencies"), "workspace"))
        for binary in root.get("bin").items:
            place, attrs = binary.read("path"), (("source", "cargo"), ("bin", "yes"))
            facts.append(Fact("script", binary.read("name"), source.path, binary.line, place, "", "", attrs))
    return facts, document.problems


def _read_table(source: SourceFile, table: Node, section: str) -> Iterator[Fact]:
    for name, value in table.entries.items():
        version = value.text if value.text is not None else value.read("version") or value.read("git")
        local = ("local", "yes" if value.read("path") or value.read("workspace") == "true" else "")
        yield _make_dependency(source, value.line, name, version, ("section", section), local)


def _read_composer(source: SourceFile) -> _Reading:
    document = parse_json(source.text)
    facts: list[Fact] = []
    for root in document.roots:
        line = root.get("name").line or 1
        facts.append(_make_package(source, line, root.read("name"), root.read("version"), "composer"))
        for section in ("require", "require-dev"):
            facts.extend(_read_table(source, root.get(section), section))
        for name, command in root.get("scripts").entries.items():
            text = " && ".join(command.list_texts())
            facts.append(Fact("script", name, source.path, command.line, text, "", "", (("source", "composer"),)))
    return facts, document.problems


def _read_pubspec(source: SourceFile) -> _Reading:
    document = parse_yaml(source.text)
    facts: list[Fact] = []
    for root in document.roots:
        facts.append(_make_package(source, root.get("name").line or 1, root.read("name"), root.read("version"), "pub"))
        for section in ("dependencies", "dev_dependencies"):
            facts.extend(_read_table(source, root.get(section), section))
    return facts, document.problems


_GEM = LazyPattern(
    r"""\s*(?:gem|\w+\.add_(?P<kind>\w*?)_?dependency)[\s(]+["']([^"']+)["'](?:\s*,\s*["']([^"']+)["'])?"""
)
_GEM_FIELD = LazyPattern(r"""\s*\w+\.(name|version)\s*=\s*["']([^"']+)["']""")


def _read_ruby(source: SourceFile) -> _Reading:
    facts: list[Fact] = []
    fields: dict[str, tuple[int, str]] = {}
    for number, line in _list_lines(source):
        gem, field = _GEM.match(line), _GEM_FIELD.match(line)
        if gem is not None:
            section = ("section", gem["kind"] or "gem")
            facts.append(_make_dependency(source, number, gem[2], gem[3] or "", section))
        elif field is not None:
            fields.setdefault(field[1], (number, field[2]))
    at, name = fields.get("name", (1, ""))
    facts.append(_make_package(source, at, name, fields.get("version", (0, ""))[1], "rubygems"))
    return facts, _note_cut_lines(source)


_READERS: tuple[tuple[tuple[str, ...], Callable[[SourceFile], _Reading]], ...] = (
    (("go.mod", "go.work"), _read_go),
    (("pom.xml",), _read_maven),
    (("settings.gradle", "settings.gradle.kts"), _read_gradle_settings),
    (("build.gradle", "build.gradle.kts"), _read_gradle),
    ((".csproj", ".fsproj", ".vbproj"), _read_dotnet),
    (("cargo.toml",), _read_cargo),
    (("composer.json",), _read_composer),
    (("pubspec.yaml",), _read_pubspec),
    (("gemfile", ".gemspec"), _read_ruby),
)
