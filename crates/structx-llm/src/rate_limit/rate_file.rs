//! The configured rates in a file that processes of one machine share.
//!
//! The file holds the departure of the next request by each [`Gcra`](super::gcra), in the system's
//! time, since processes share no other clock. Whoever lets a request leave holds the file's lock, for
//! microseconds. Nobody waits for the lock: a process that is stopped while it holds it would stop
//! all others.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::gcra::LONGEST;

/// The first bytes of such a file.
const MAGIC: [u8; 8] = *b"structx1";
/// The magic number, and the departures by requests and by tokens, in nanoseconds since 1970.
const LENGTH: usize = 24;

/// The departures of the next request by the limits of requests and of tokens.
pub(super) type Departures = [Instant; 2];

#[derive(Debug)]
pub(super) struct RateFile(File);

/// The file while no other process may let a request leave.
pub(super) struct Locked<'a>(&'a File);

impl RateFile {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It can't be opened or locked, or is another kind of file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        let locked = Locked(&file);
        if file.metadata()?.len() == 0 {
            let now = Instant::now();
            locked.write([now; 2], now)?;
        } else {
            read(&file, Instant::now())?;
        }
        drop(locked);
        Ok(Self(file))
    }

    /// The departures as the last process wrote them.
    pub fn read(&self, now: Instant) -> io::Result<Departures> {
        read(&self.0, now)
    }

    /// The lock; None while another process has it.
    pub fn try_lock(&self) -> Option<Locked<'_>> {
        self.0.try_lock().ok().map(|()| Locked(&self.0))
    }
}

impl Locked<'_> {
    pub fn read(&self, now: Instant) -> io::Result<Departures> {
        read(self.0, now)
    }

    pub fn write(&self, departures: Departures, now: Instant) -> io::Result<()> {
        let clock = since_1970()?;
        let mut bytes = MAGIC.to_vec();
        for departure in departures {
            let time = clock + departure.saturating_duration_since(now);
            let time = time.saturating_sub(now.saturating_duration_since(departure));
            bytes.extend(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).to_le_bytes());
        }
        let mut file = self.0;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&bytes)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Closing the file would unlock it, too.
        let _ = self.0.unlock();
    }
}

fn read(mut file: &File, now: Instant) -> io::Result<Departures> {
    let mut bytes = [0; LENGTH];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut bytes)?;
    let ([magic, requests, tokens], []) = bytes.as_chunks::<8>() else { return Err(not_ours()) };
    if *magic != MAGIC {
        return Err(not_ours());
    }
    let clock = since_1970()?;
    let instant = |time: &[u8; 8]| {
        let time = Duration::from_nanos(u64::from_le_bytes(*time));
        let wait = time.saturating_sub(clock);
        // No request waits longer: the clock was set back.
        let wait = if wait > LONGEST * 2 { Duration::ZERO } else { wait };
        let ago = clock.saturating_sub(time);
        now.checked_sub(ago).unwrap_or(now) + wait
    };
    Ok([instant(requests), instant(tokens)])
}

fn since_1970() -> io::Result<Duration> {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(io::Error::other)
}

fn not_ours() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "is no file of rate limits")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path of its own for each test, whose file is removed at its end.
    struct Temporary(std::path::PathBuf);

    impl Temporary {
        fn new() -> Self {
            let name = format!("structx-limits-{}-{}", std::process::id(), fastrand::u64(..));
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn departures_are_those_that_were_written() {
        let path = Temporary::new();
        let (one, other) = (RateFile::open(&path.0).unwrap(), RateFile::open(&path.0).unwrap());
        let now = Instant::now();
        let written =
            [now + Duration::from_secs(2), now.checked_sub(Duration::from_secs(1)).unwrap()];
        one.try_lock().unwrap().write(written, now).unwrap();
        let read = other.read(now).unwrap();
        for (written, read) in written.into_iter().zip(read) {
            let off = written.max(read).duration_since(written.min(read));
            assert!(off < Duration::from_millis(100), "{off:?}");
        }
    }

    #[test]
    fn one_holds_the_lock_at_a_time() {
        let path = Temporary::new();
        let (one, other) = (RateFile::open(&path.0).unwrap(), RateFile::open(&path.0).unwrap());
        let held = one.try_lock().unwrap();
        assert!(other.try_lock().is_none());
        drop(held);
        assert!(other.try_lock().is_some());
    }

    #[test]
    fn a_clock_that_was_set_back_holds_no_request() {
        let path = Temporary::new();
        let file = RateFile::open(&path.0).unwrap();
        let now = Instant::now();
        let later = now + Duration::from_hours(10);
        file.try_lock().unwrap().write([later, later], now).unwrap();
        assert!(file.read(now).unwrap().iter().all(|next| *next <= now));
    }

    #[test]
    fn other_files_are_refused_and_kept() {
        for content in ["x", "twenty-four bytes and more"] {
            let path = Temporary::new();
            std::fs::write(&path.0, content).unwrap();
            assert!(RateFile::open(&path.0).is_err());
            assert_eq!(std::fs::read_to_string(&path.0).unwrap(), content);
        }
        assert!(RateFile::open(&std::env::temp_dir()).is_err());
    }
}
