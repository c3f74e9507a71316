//! The fake provider as a program: prints its base URL, and ends when its standard input does.

#[path = "mod.rs"]
mod fake_provider;

use std::io::{Read, stdin};

fn main() -> std::io::Result<()> {
    let provider = fake_provider::FakeProvider::start()?;
    println!("{}", provider.base_url);
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
