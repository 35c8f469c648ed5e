//! The demo: a picture is registered, sold across a border, verified by a stranger, forged, stolen, and survives; a relic leaves its
//! country once its paper is there.

mod forgery;
mod scenes;
mod teller;

use anyhow::Result;

use crate::demo::scenes::Stage;
use crate::demo::teller::Teller;

/// Tells the whole story, or says where it broke off.
pub fn tell() -> Result<()> {
    let teller = Teller::new();
    teller.title("Colophon", "a register of works that anybody can check and nobody can rewrite");
    let mut stage = Stage::open(teller)?;
    stage.three_pictures()?;
    stage.a_sale_across_a_border()?;
    stage.a_firm_offer()?;
    stage.a_stranger_checks_offline()?;
    stage.forgers()?;
    stage.sold_twice()?;
    stage.a_thief()?;
    stage.a_relic_leaves_its_country()?;
    stage.pulled_plug()?;
    stage.curtain();
    Ok(())
}
