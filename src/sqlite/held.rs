//! Which files a process has open, for the children that it forks. In them `SQLite` believes to
//! hold the locks of the parent, and would write without any: such a file is not opened there.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each with the process that has it open; a child of a fork inherits those of its parent, for good.
static HELD: Mutex<Vec<(u32, PathBuf)>> = Mutex::new(Vec::new());

fn held() -> MutexGuard<'static, Vec<(u32, PathBuf)>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is open until this is dropped, in this process.
#[derive(Debug)]
pub struct Held {
    process: u32,
    path: PathBuf,
}

impl Held {
    /// None where the file was open when this process was forked.
    pub fn new(path: &Path) -> Option<Self> {
        Self::by(process::id(), path)
    }

    fn by(process: u32, path: &Path) -> Option<Self> {
        // One name for each file, where it is there already.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut held = held();
        if held.iter().any(|(owner, open)| *owner != process && *open == path) {
            return None;
        }
        held.push((process, path.clone()));
        Some(Self { process, path })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = held();
        let is_this = |(owner, path): &(u32, _)| *owner == self.process && *path == self.path;
        if let Some(index) = held.iter().position(is_this) {
            held.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Held;

    #[test]
    fn a_child_does_not_open_what_its_parent_had_open() {
        let path = Path::new("a file that is not there");
        let other = Path::new("another one");
        let parents = [Held::by(1, path).unwrap(), Held::by(1, path).unwrap()];
        assert!(Held::by(2, path).is_none());
        drop(parents);
        let child = Held::by(2, path).unwrap();
        let childs_other = Held::by(2, other).unwrap();
        assert!(Held::by(1, path).is_none());
        drop((child, childs_other));
        assert!(Held::by(1, path).is_some());
    }
}
