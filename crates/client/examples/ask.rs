//! Meets a register, asks about a file and shows only what is proved: `cargo run --example ask ADDRESS SHA256`.

#![expect(clippy::print_stdout, reason = "an example is there to be seen")]

use colophon_client::client::{Client, Memory, Stale};
use colophon_client::failure::Failure;
use colophon_client::http::{Patience, Transport};
use colophon_client::lookup::Looked;
use colophon_client::register::first_use;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(file)) = (arguments.next(), arguments.next()) else {
        println!("usage: ask ADDRESS SHA256");
        return Ok(());
    };
    ask(&address, &file).await
}

async fn ask(address: &str, file: &str) -> Outcome<()> {
    let transport = Transport::new(address, Patience::default())?;
    let met = first_use(&transport, None).await?;
    println!("first use of {}; its key is {}", met.pinned.rules().register.origin, met.pinned.rules().log_key);

    // A real program keeps the pinned register (`met.pinned.to_json()`) and these directories for the next time.
    let dir = std::env::temp_dir().join("colophon-ask");
    let memory = Memory { seen: dir.join("seen"), evidence: dir.join("evidence"), stale: Stale::Refuse };
    let client = Client::new(transport, met.pinned, memory)?;
    match client.file(&file.parse()?, 100).await {
        Ok(Looked::Found(facts)) => {
            for registration in &facts.registrations {
                println!("{}. {} by {}", registration.number, registration.work, registration.record.maker);
            }
            println!("as of {} entries", facts.as_of.checkpoint.checkpoint().size);
        }
        Ok(Looked::Absent(as_of)) => println!("not registered, as of {} entries", as_of.checkpoint.checkpoint().size),
        Err(error) => println!("{:?}: {error}; {}", error.class(), error.cure()),
    }
    Ok(())
}
