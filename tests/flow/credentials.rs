//! Content Credentials that a file carries are named in the mint of its work.

use colophon_tlog::hash::sha256;

use crate::carriers::{LABEL, carriers, store};
use crate::scene::{Scene, text};

#[test]
fn what_a_file_carries_is_told_together_with_its_digest() {
    let scene = Scene::open();
    for (kind, bytes) in carriers().iter().filter(|(kind, _)| ["jpeg", "gif", "svg", "id3 2.4"].contains(kind)) {
        scene.ana.put(kind, bytes);
        let mint = ["mint", kind, "--title", kind, "--country", "CN", "--yes", "--json"];
        let work = text(&scene.ana.succeed(&mint).json(), "/work");
        let shown = scene.ana.succeed(&["show", &work, "--json"]).json();
        let file = &shown["card"]["files"][0];
        let found = [text(file, "/c2pa/store"), text(file, "/c2pa/label"), text(file, "/sha256")];
        let known = [sha256(&store(LABEL)).to_string(), LABEL.to_owned(), sha256(bytes).to_string()];
        assert_eq!(found, known, "{kind}");
        assert_eq!(file["c2pa"].get("state"), None, "nothing was validated");
        let told = scene.ana.succeed(&["show", &work]).stdout;
        assert!(told.contains("with Content Credentials, not validated by the maker"), "{told}");
        let verdict = scene.ana.succeed(&["verify", kind, "--json"]).json();
        let not_checked = verdict["not_checked"].as_array().unwrap();
        let said = "its Content Credentials: this program is built without their validation";
        assert!(not_checked.iter().any(|told| told == said), "{verdict}");
    }
}
