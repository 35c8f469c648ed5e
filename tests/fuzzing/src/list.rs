//! Lists of works: read or refused, told in one line of plain text, and the same when every cell is put in quotation marks.

use colophon_cli::command::mint::catalogue::fuzzed::list;
use csv::{QuoteStyle, ReaderBuilder, WriterBuilder};

/// Words of lists.
pub const WORDS: &[&str] = &[
    ",",
    "\"",
    "\"\"",
    "\r\n",
    "\r",
    ";",
    "\u{feff}",
    "file",
    "title",
    "title:zh",
    "lang",
    "creators",
    "about",
    "derived_from",
    "Lin Ana:art:60%; Jo:clr:40%",
    "2026-05-01",
    "\u{202e}",
    "\u{1b}[2J",
];

/// Reads a list, and as it is when it is written by somebody else.
pub fn check(data: &[u8]) {
    let works = match list(data) {
        Ok(works) => works,
        Err(failure) => {
            for told in [failure.what(), failure.cure()] {
                assert!(!told.is_empty() && !told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
            }
            return;
        }
    };
    assert!(works.is_sorted_by(|(line, _), (next, _)| line < next), "{works:?}");
    assert!(works.iter().all(|(line, _)| *line > 1));
    let text = data.strip_prefix("\u{feff}".as_bytes()).unwrap_or(data);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut writer = WriterBuilder::new().flexible(true).quote_style(QuoteStyle::Always).from_writer(Vec::new());
    for record in reader.byte_records() {
        writer.write_byte_record(&record.unwrap()).unwrap();
    }
    let again = list(&writer.into_inner().unwrap()).unwrap();
    let said = |works: Vec<(u64, String)>| works.into_iter().map(|(_, said)| said).collect::<Vec<_>>();
    assert_eq!(said(again), said(works));
}

/// A list of each sort: with all columns, with quotation marks and line ends in cells, with mistakes.
pub fn seeds() -> Vec<Vec<u8>> {
    let id = "1".repeat(64);
    let lists = [
        "file\na.png\n".to_owned(),
        "\u{feff}File,title,lang,title:zh,creators,country,editions,About\r\nhills.png,Fugue:in C,en,雾中山,\
         \"Lin, Ana:art:60%; Jo\",FR,,\"two\nlines\"\r\n\n/whole.png,,,,,,7,\"a \"\"word\"\"\"\n"
            .to_owned(),
        format!(
            "file,title,lang,creators,work_kind,created,made_in,country,license,training,source_type,editions,about,\
             derived_from,ack_first,ack_similar,category,protection,age,died,fcs,hs,cpc,ebops,human,ai_label\n\
             a.png,A,fr,Eva,photograph,2001-02,IT,FR,CC0-1.0,allowed,digitalCapture,2,words,{id},{id},{id};{id},Painting,\
             listed,50_100,1947,c,970121,84311,sh,edit,eu-aiact-50\n"
        ),
        "file,prise,title,title:nowhere,title\na.png,3\n".to_owned(),
        "file,country,title,lang\na.png,XX,A,en\n,SE,,\nb.png,SE\nc.png,SE,,fr\nd.png,SE,D,klingonese\n".to_owned(),
        "file;title\na.png;A\n".to_owned(),
        "file,about\na.png,\"never closed\nb.png,b\n".to_owned(),
        "file\ra.png\rb.png\r".to_owned(),
    ];
    lists.map(String::into_bytes).to_vec()
}
