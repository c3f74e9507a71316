//! Runs libraries that may hang or abort in a child process, which is killed when its time is up.
//!
//! The parent starts `program arguments.. TOOL SECONDS`, sends the length of the request as 8 bytes
//! and the request, and keeps the pipe open: a child exits when the pipe closes, because its parent is
//! gone. The reply is the last line that the child prints; a library may print before it.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::context::ReadContext;
use super::pdf::{highlight, pdf_extract};

static LAUNCHER: OnceLock<Launcher> = OnceLock::new();

/// The program that runs [`serve`], and its arguments before the tool and the seconds. It bounds
/// its own memory where the system supports that.
#[derive(Debug)]
pub struct Launcher {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
}

/// What runs in a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Takes a PDF.
    PdfExtract,
    /// Takes marks and a PDF.
    Highlight,
}

/// Why there is no reply. The text continues a sentence whose subject is the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChildError {
    #[error("could not be started in a process of its own")]
    NotStarted,
    #[error("took too long")]
    TimedOut,
    #[error("crashed")]
    Crashed,
}

/// Sets the launcher of child processes; the first call wins. Without it none is started.
pub fn launch_with(launcher: Launcher) {
    let _ = LAUNCHER.set(launcher);
}

/// Runs in the child: answers the one request on standard input.
///
/// # Errors
/// The tool is unknown, the request is truncated, or the reply can't be written.
pub fn serve(tool: &str) -> io::Result<()> {
    let request = request(&mut io::stdin())?;
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        process::exit(1);
    });
    let reply = answer(tool, &request)?;
    let mut output = io::stdout().lock();
    output.write_all(&[b"\n", reply.as_slice()].concat())?;
    output.flush()
}

/// The reply of a child process to the request, within the remaining time; one of more than `most`
/// bytes counts as none.
pub(super) fn ask<T: DeserializeOwned>(
    tool: Tool,
    context: &ReadContext,
    request: &[u8],
    most: u64,
) -> Result<T, ChildError> {
    let launcher = LAUNCHER.get().ok_or(ChildError::NotStarted)?;
    let printed = run(launcher, tool, context.time_left(), request, most)?;
    let reply = printed.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    serde_json::from_slice(reply).map_err(|_| ChildError::Crashed)
}

/// Runs a child and returns the first `most` bytes of its output.
fn run(
    launcher: &Launcher,
    tool: Tool,
    time: Duration,
    request: &[u8],
    most: u64,
) -> Result<Vec<u8>, ChildError> {
    let mut child = Child::start(launcher, tool, time).map_err(|_| ChildError::NotStarted)?;
    let (Some(mut input), Some(output)) = (child.0.stdin.take(), child.0.stdout.take()) else {
        return Err(ChildError::NotStarted);
    };
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        // Writing fails if the child has exited; its output then tells the result.
        scope.spawn(|| {
            let length = (request.len() as u64).to_le_bytes();
            input.write_all(&length).and_then(|()| input.write_all(request))
        });
        scope.spawn(move || {
            let mut printed = Vec::new();
            let read = output.take(most).read_to_end(&mut printed);
            sender.send(read.map(|_| printed))
        });
        let reply = receiver.recv_timeout(time);
        drop(child);
        match reply {
            Ok(printed) => printed.map_err(|_| ChildError::Crashed),
            Err(_) => Err(ChildError::TimedOut),
        }
    })
}

/// A child process that is killed and reaped on drop.
struct Child(process::Child);

impl Child {
    fn start(launcher: &Launcher, tool: Tool, time: Duration) -> io::Result<Self> {
        let seconds = time.as_secs().saturating_add(1);
        Command::new(&launcher.program)
            .args(&launcher.arguments)
            .args([tool.name(), &seconds.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Tool {
    const ALL: [Self; 2] = [Self::PdfExtract, Self::Highlight];

    fn name(self) -> &'static str {
        match self {
            Self::PdfExtract => "pdf-extract",
            Self::Highlight => "highlight",
        }
    }
}

fn request(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut request = Vec::new();
    let found = input.take(length).read_to_end(&mut request)?;
    if found as u64 == length { Ok(request) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn answer(tool: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let reply = match Tool::ALL.into_iter().find(|known| known.name() == tool) {
        Some(Tool::PdfExtract) => serde_json::to_vec(&pdf_extract::extract(request)),
        Some(Tool::Highlight) => serde_json::to_vec(&highlight::annotate::answer(request)),
        None => return Err(io::Error::new(io::ErrorKind::InvalidInput, "no such tool")),
    };
    Ok(reply?)
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ChildError, Launcher, Tool, answer, request, run};

    const LONG: Duration = Duration::from_mins(1);

    fn shell(script: &str) -> Launcher {
        Launcher { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] }
    }

    fn printed(script: &str, time: Duration, file: &[u8]) -> Result<String, ChildError> {
        run(&shell(script), Tool::PdfExtract, time, file, 64)
            .map(|printed| String::from_utf8_lossy(&printed).into_owned())
    }

    #[test]
    fn a_child_is_told_what_to_do_and_heard() {
        // A shell's `-c script` takes the first argument after it as its own name.
        assert_eq!(printed("echo $0 $1", LONG, b""), Ok("pdf-extract 61\n".into()));
        let script = "head -c 8 > /dev/null; head -c 3; echo";
        assert_eq!(printed(script, LONG, b"abc"), Ok("abc\n".into()));
    }

    #[test]
    fn a_child_that_takes_nothing_or_says_too_much_is_no_obstacle() {
        assert_eq!(printed("exit 3", LONG, &vec![0; 1 << 20]), Ok(String::new()));
        assert_eq!(printed("kill -s SEGV $$", LONG, &vec![0; 1 << 20]), Ok(String::new()));
        assert_eq!(printed("yes", LONG, b"").map(|printed| printed.len()), Ok(64));
    }

    #[test]
    fn a_child_that_hangs_is_killed_and_gone() {
        let folder = std::env::temp_dir().join(format!("structx-isolate-{}", std::process::id()));
        let script = format!("echo $$ > '{}'; exec sleep 600", folder.display());
        let started = Instant::now();
        while std::fs::read_to_string(&folder).unwrap_or_default().is_empty() {
            // A busy machine may not have come to the script.
            let asked = printed(&script, Duration::from_millis(300), &vec![0; 1 << 20]);
            assert_eq!(asked, Err(ChildError::TimedOut));
            assert!(started.elapsed() < LONG);
        }
        let process = std::fs::read_to_string(&folder).unwrap();
        std::fs::remove_file(&folder).unwrap();
        let alive = shell(&format!("kill -0 {process}"));
        let status = std::process::Command::new(alive.program).args(alive.arguments).status();
        assert!(!status.unwrap().success());
    }

    #[test]
    fn what_is_not_there_is_not_started() {
        let launcher = Launcher { program: "/no/such/program".into(), arguments: Vec::new() };
        let asked = run(&launcher, Tool::PdfExtract, LONG, b"", 64);
        assert_eq!(asked, Err(ChildError::NotStarted));
    }

    #[test]
    fn a_request_is_whole_or_refused() {
        let sent = |length: u64, file: &[u8]| [&length.to_le_bytes(), file].concat();
        assert_eq!(request(&mut sent(3, b"abcd").as_slice()).unwrap(), b"abc");
        assert!(request(&mut sent(u64::MAX, b"abc").as_slice()).is_err());
        assert!(request(&mut [1u8, 2].as_slice()).is_err());
        assert!(answer("no-such-tool", b"").is_err());
        assert_eq!(answer("pdf-extract", b"not a PDF").unwrap(), b"[]");
    }
}
