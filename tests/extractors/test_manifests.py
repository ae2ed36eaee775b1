"""Build files of other languages."""

from __future__ import annotations

from kbgen.extractors import place_facts
from tests.extractors.reading import one, pairs, pick, read, whys


def test_go_workspace_and_module() -> None:
    module = read(
        "go.mod", "module example.com/a\n\ngo 1.23\n\nrequire example.com/b v1.0.0\nreplace example.com/b => ../b\n"
    )
    assert one(module, "package", "example.com/a").attr("language") == "1.23"
    assert pairs(module, "dependency") == {"example.com/b": "v1.0.0"}
    work = read("tools/go.work", "go 1.23\nuse (\n\t./a\n\t./b\n)\n")
    assert one(work, "package", "tools").attr("workspaces") == "./a ./b"


def test_maven_with_parent_and_comments() -> None:
    facts = read(
        "shop/pom.xml",
        """\
        <?xml version="1.0"?>
        <project xmlns="http://maven.apache.org/POM/4.0.0">
          <parent><groupId>com.example</groupId><artifactId>parent</artifactId><version>1.0</version></parent>
          <artifactId>shop</artifactId>
          <modules><module>api</module><module>web</module></modules>
          <!-- <dependency><artifactId>hidden</artifactId></dependency> -->
          <dependencies>
            <dependency>
              <groupId>org.x</groupId>
              <artifactId>lib</artifactId>
              <version>${x.version}</version>
              <scope>test</scope>
            </dependency>
          </dependencies>
        </project>
        """,
    )
    package = one(facts, "package", "shop")
    assert (package.value, package.line, package.attr("group"), package.attr("workspaces")) == (
        "1.0", 4, "com.example", "api web"
    )  # fmt: skip
    dependency = one(facts, "dependency", "org.x:lib")
    assert (dependency.value, dependency.line, dependency.attr("section")) == ("${x.version}", 8, "test")


def test_gradle_in_groovy_and_kotlin() -> None:
    groovy = read(
        "ads/build.gradle",
        """\
        plugins { id 'java' }
        version = "0.1.0"
        dependencies {
            implementation "io.grpc:grpc-stub:1.2",
                    "io.grpc:grpc-netty:${grpc}"
            testImplementation project(':core')
            // implementation "no:no:1"
        }
        """,
    )
    assert pairs(groovy, "dependency") == {"io.grpc:grpc-stub": "1.2", "io.grpc:grpc-netty": "${grpc}", ":core": ""}
    assert one(groovy, "package", "ads").value == "0.1.0"
    kotlin = read("build.gradle.kts", 'dependencies {\n    implementation(libs.ktor.core)\n    api("a.b:c:1")\n}\n')
    assert pairs(kotlin, "dependency") == {"libs.ktor.core": "", "a.b:c": "1"}
    settings = read("settings.gradle", "rootProject.name = 'shop'\ninclude ':api', ':web:ui'\n")
    assert one(settings, "package", "shop").attr("workspaces") == "api web/ui"


def test_a_package_without_a_name_has_that_of_its_folder_wherever_it_is_placed() -> None:
    facts = read("ads/build.gradle", "version = '1'\n")
    moved = place_facts(facts, "carts/build.gradle")
    assert moved is not None
    assert [f.name for f in pick(moved, "package")] == ["carts"]


def test_dotnet() -> None:
    facts = read(
        "cart/cart.csproj",
        """\
        <Project Sdk="Microsoft.NET.Sdk.Web">
          <PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Grpc.AspNetCore" Version="2.76.0" />
            <ProjectReference Include="..\\core\\core.csproj" />
          </ItemGroup>
        </Project>
        """,
    )
    assert one(facts, "package", "cart").attr("language") == "net9.0"
    assert pairs(facts, "dependency") == {"Grpc.AspNetCore": "2.76.0", "../core/core.csproj": ""}


def test_rust_ruby_php_dart() -> None:
    cargo = read(
        "Cargo.toml",
        '[package]\nname = "a"\nversion = "1"\n[dependencies]\nb = { path = "../b" }\n[[bin]]\nname = "run"\n',
    )
    assert one(cargo, "dependency", "b").attr("local") == "yes"
    assert pairs(cargo, "script") == {"run": ""}
    ruby = read("shop/Gemfile", "gem 'rails', '~> 8.0'\ngem \"puma\"\n")
    assert pairs(ruby, "dependency") == {"rails": "~> 8.0", "puma": ""}
    gem = read("shop.gemspec", "s.name = 'shop'\ns.version = '1.0'\ns.add_development_dependency 'rake', '>= 13'\n")
    assert one(gem, "package", "shop").value == "1.0"
    assert one(gem, "dependency", "rake").attr("section") == "development"
    php = read("composer.json", '{"name": "a/b", "require": {"php": ">=8"}, "scripts": {"test": ["x", "y"]}}')
    assert pairs(php, "script") == {"test": "x && y"}
    dart = read("pubspec.yaml", "name: app\nversion: 1.0.0\ndependencies:\n  http: ^1.0.0\n  core: {path: ../core}\n")
    assert pairs(dart, "dependency") == {"http": "^1.0.0", "core": ""}


def test_more_than_anybody_writes_is_cut() -> None:
    facts = read("go.mod", "require (\n" + "example.com/x v1.0.0\n" * 6000 + ")\n")
    assert len(facts.facts) == 5000
    assert whys(facts) == ["only the first 5,000 facts are kept"]
