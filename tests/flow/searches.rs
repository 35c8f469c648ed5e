//! Somebody looks for a work by words, in any script, and is shown what is proved.

use e2e::liar::{Liar, Reply};
use e2e::node::Node;
use e2e::person::Person;
use serde_json::Value;

use crate::scene::{Scene, text};

fn mint(person: &Person, file: &str, titles: &[&str], more: &[&str]) -> String {
    person.put(file, file.as_bytes());
    let titles = titles.iter().flat_map(|title| ["--title", title]);
    let arguments: Vec<&str> = ["mint", file, "--country", "JP", "--yes", "--json"].into_iter().chain(titles).collect();
    text(&person.succeed(&[&arguments[..], more].concat()).json(), "/work")
}

/// Searches with words, and returns the works and accounts that are found.
fn found(person: &Person, words: &[&str]) -> Vec<String> {
    let found = person.succeed(&[&["search", "--json"], words].concat()).json();
    assert_eq!(found["schema"], "colophon.search_text/v1");
    let id = |hit: &Value| hit["work"].as_str().or(hit["account"]["account"].as_str()).unwrap().to_owned();
    found["hits"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn works_are_found_by_words_in_any_script_until_the_words_are_erased() {
    let mut scene = Scene::open();
    scene.ana.succeed(&["profile", "set", "--name", "Ateliér Mlha", "--country", "CZ", "--yes"]);
    let wave = mint(&scene.ana, "wave.txt", &["ja:神奈川沖浪裏", "en:The Great Wave"], &[]);
    let scroll = mint(&scene.bruno, "scroll.txt", &["zh:溪山行旅图", "fr:Voyageurs à l’Étang"], &[]);
    let ana = text(&scene.ana.succeed(&["key", "show", "--json"]).json(), "/account");

    assert_eq!(found(&scene.bruno, &["沖浪"]), std::slice::from_ref(&wave));
    assert_eq!(found(&scene.bruno, &["great", "WAVE"]), std::slice::from_ref(&wave));
    assert_eq!(found(&scene.ana, &["etang"]), std::slice::from_ref(&scroll));
    assert_eq!(found(&scene.ana, &["山行"]), std::slice::from_ref(&scroll));
    let mut of_ana = found(&scene.bruno, &["atelier mlha"]);
    of_ana.sort_unstable();
    assert_eq!(
        of_ana,
        [wave.clone(), ana.clone()],
        "her work names her too; ids begin with digits and a to f, accounts with z"
    );
    assert_eq!(found(&scene.bruno, &["nothing of the kind"]), Vec::<String>::new());

    let told = scene.bruno.succeed(&["search", "浪裏"]).stdout;
    for word in ["神奈川沖浪裏", "The Great Wave", "Ateliér Mlha", &wave, "proved"] {
        assert!(told.contains(word), "{word} is not in {told}");
    }
    // A file that is there is a file, unless it is said to be words; one that is not is words, and that is told.
    scene.bruno.put("wave", b"not a picture, and too short a text for anybody else to have");
    let as_file = scene.bruno.succeed(&["search", "wave", "--json"]).json();
    assert_eq!(as_file["schema"], "colophon.search/v1");
    assert_eq!(found(&scene.bruno, &["--text", "wave"]), std::slice::from_ref(&wave));
    let guessed = scene.bruno.succeed(&["search", "great.wave"]);
    assert!(guessed.stderr.contains("there is no file great.wave here") && guessed.stdout.contains(&wave), "{guessed}");
    scene.bruno.expect(&["search", "--file", "gone.png"], 2);
    scene.bruno.expect(&["search", " "], 2);
    scene.bruno.expect(&["search", &"a".repeat(300)], 2);

    // A copy finds the same, once it has the words.
    let mut copy = Node::following(&scene.node, scene.node.url()).with_serve_args(&["--poll-ms", "50"]);
    copy.start();
    copy.wait_for_size(scene.node.get("/health").json()["size"].as_u64().unwrap());
    let reader = Person::without_key("reader").at(copy.url());
    let mut seen = Vec::new();
    for _ in 0..600 {
        seen = found(&reader, &["沖浪"]);
        if !seen.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(seen, std::slice::from_ref(&wave));

    // The operator erases the words of one: it is not found any more, the other is.
    let entry = scene.node.get(&format!("/v1/entries/{wave}")).json();
    let body = text(&entry, "/entry");
    let card = body.split("\"card\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(scene.node.terminate().success());
    let erased = scene.node.run("erase", &[&card]);
    assert_eq!(erased.code, 0, "{erased}");
    scene.node.start();
    scene.bruno.move_to(scene.node.url());
    assert_eq!(found(&scene.bruno, &["沖浪"]), Vec::<String>::new());
    assert_eq!(found(&scene.bruno, &["mlha"]), [ana]);
    assert_eq!(found(&scene.bruno, &["溪山"]), [scroll]);
}

#[test]
fn a_node_that_does_not_search_says_nothing_against_the_file() {
    let scene = Scene::open();
    let liar = Liar::before(scene.node.url());
    let reader = Person::without_key("reader").at(liar.url());
    reader.put("poem.txt", b"Hills before rain, and the river behind them, and nobody on the road.\n");
    reader.succeed(&["search", "poem.txt"]);
    liar.lie(|path, truth| if path.starts_with("v1/lookalikes") { Reply::status(404) } else { truth });
    let told = reader.expect(&["search", "poem.txt"], 1);
    assert!(told.stderr.contains("error: this node does not search for lookalikes"), "{told}");
    assert!(told.stderr.contains("ask another node") && !told.stderr.contains("has nothing by which"), "{told}");
}

#[test]
fn names_of_files_are_not_sent_as_words() {
    let scene = Scene::open();
    let liar = Liar::before(scene.node.url());
    let reader = Person::without_key("reader").at(liar.url());
    for name in ["a.txt", "b.txt"] {
        reader.put(name, b"Hills before rain, and the river behind them, and nobody on the road.\n");
    }
    for what in [&["a.txt", "b.txt"][..], &["c.txt"], &["works/c"], &["hills", "c.mp3"]] {
        let told = reader.expect(&[&["search"], what].concat(), 2);
        assert!(told.stderr.contains("nothing was sent"), "{told}");
    }
    assert_eq!(liar.asked(), Vec::<String>::new());
    assert_eq!(found(&reader, &["--text", "c.txt"]), Vec::<String>::new());
}
