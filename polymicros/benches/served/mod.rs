//! A Python process that is given a job a line and answers with a line.

use super::python::failed;
use polymicros::Result;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// It ends with this value.
pub struct Served {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Served {
    /// Starts it with so many threads for its numerical libraries.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, threads: usize) -> Result<Self> {
        // Some environments pin OpenBLAS to old kernels; the peers shall have its best ones.
        let mut process = command
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .env("OPENBLAS_NUM_THREADS", threads.to_string())
            .env("OMP_NUM_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed("no pipe to Python"));
        };
        Ok(Served {
            process,
            to,
            from: BufReader::new(from),
        })
    }

    /// Asks for a job; the answer is the next line.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn ask(&mut self, job: &str) -> Result<String> {
        writeln!(self.to, "{job}").map_err(failed)?;
        self.to.flush().map_err(failed)?;
        self.line()
    }

    /// The next line that it writes.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.from.read_line(&mut line).map_err(failed)? {
            0 => Err(failed("the Python process ended")),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
