//! A GPU for tests: the processor, which runs the very sources of the kernels, compiled as C++
//! with a shim for what they need of CUDA (`shim.h`).

use super::queue::{Argument, Matrix, Product, Queue, Shape, Source};
use super::sums;
use crate::network::{attention, convolution, group_norm};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::sync::Mutex;

/// All sources.
fn sources() -> [&'static Source; 4] {
    [
        &sums::SOURCE,
        &group_norm::SOURCE,
        &convolution::SOURCE,
        &attention::SOURCE,
    ]
}

/// The shim, the sources, and a table of the kernels.
fn program() -> String {
    let mut text = include_str!("shim.h").to_owned();
    let mut table = String::new();
    for Source {
        name,
        text: source,
        kernels,
    } in sources()
    {
        // Numbers of memory say when they are read and written.
        let counting = source.replace("float *", "shim::Number *");
        text += &format!("namespace {name} {{\n#line 1 \"{name}.cu\"\n{counting}\n}}\n");
        // Sources use the same names for sizes of their own.
        for line in source.lines() {
            if let Some(defined) = line.strip_prefix("#define ") {
                let defined = defined.split(' ').next().unwrap();
                text += &format!("#undef {defined}\n");
            }
        }
        for kernel in *kernels {
            table += &format!(
                "    if (name == \"{name}.{kernel}\") \
                 return launch({name}::{kernel}, arguments, threads);\n"
            );
        }
    }
    text += "void shim::kernels(const std::string &name, const std::vector<Argument> &arguments, \
             unsigned threads) {\n";
    text + &table
        + "    fail(\"no kernel \" + name);\n}\nint main() { return shim::main_loop(); }\n"
}

/// The compiled program; `None` where there is no C++ compiler.
fn compiled() -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _lock = ONE_AT_A_TIME.lock();
    let this = std::env::current_exe().unwrap();
    let folder = this.parent().unwrap().join("cuda-emulator");
    let (source, done) = (folder.join("main.cpp"), folder.join("emulator"));
    let text = program();
    let same = std::fs::read_to_string(&source).is_ok_and(|before| before == text);
    if same && done.exists() {
        return Some(done);
    }
    std::fs::create_dir_all(&folder).unwrap();
    let made = tempfile::tempdir_in(&folder).unwrap();
    let (input, output) = (made.path().join("main.cpp"), made.path().join("emulator"));
    std::fs::write(&input, &text).unwrap();
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut command = Command::new(&compiler);
    command.args(["-std=c++17", "-O2", "-Wall", "-o"]);
    match command.arg(&output).arg(&input).output() {
        Err(error) => {
            println!("skipped: no C++ compiler ({compiler}: {error})");
            None
        }
        Ok(result) => {
            let problem = String::from_utf8_lossy(&result.stderr);
            assert!(result.status.success(), "{problem}");
            std::fs::rename(&output, &done).unwrap();
            std::fs::rename(&input, &source).unwrap();
            Some(done)
        }
    }
}

/// The emulated GPU.
pub(in crate::network) struct Emulator(Rc<RefCell<Process>>);

struct Process {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    memories: u64,
    multiplications: u64,
}

/// Memory of the emulated GPU.
pub(in crate::network) struct Memory {
    process: Rc<RefCell<Process>>,
    number: u64,
    size: usize,
}

impl Emulator {
    /// Starts one; `None` where there is no C++ compiler, which is said.
    pub fn start() -> Option<Self> {
        let mut child = Command::new(compiled()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Emulator(Rc::new(RefCell::new(Process {
            to: child.stdin.take().unwrap(),
            from: child.stdout.take().unwrap(),
            child,
            memories: 0,
            multiplications: 0,
        }))))
    }

    /// Memory with these numbers.
    pub fn upload(&self, numbers: &[f32]) -> Memory {
        let memory = self.zeros(numbers.len()).unwrap();
        let mut request = vec![b'w'];
        request.extend(memory.number.to_le_bytes());
        request.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        self.0.borrow_mut().send(&request);
        memory
    }

    /// Multiplications in the products so far.
    pub fn multiplications(&self) -> u64 {
        self.0.borrow().multiplications
    }

    /// Numbers that launches and products have read and written so far, each once for each of
    /// them, and zeros of new memory.
    pub fn moved(&self) -> u64 {
        let mut process = self.0.borrow_mut();
        process.send(b"c");
        let mut bytes = [0; 8];
        process.receive(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The numbers of memory.
    pub fn download(&self, memory: &Memory) -> Vec<f32> {
        let mut request = vec![b'r'];
        request.extend(memory.number.to_le_bytes());
        let mut process = self.0.borrow_mut();
        process.send(&request);
        let mut bytes = vec![0; 4 * memory.size];
        process.receive(&mut bytes);
        let (numbers, _) = bytes.as_chunks();
        numbers
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect()
    }
}

impl Process {
    fn receive(&mut self, bytes: &mut [u8]) {
        if let Err(error) = self.from.read_exact(bytes) {
            panic!("the emulator stopped (its last words are above): {error}");
        }
    }

    fn send(&mut self, request: &[u8]) {
        if let Err(error) = self.to.write_all(request).and_then(|()| self.to.flush()) {
            panic!("the emulator stopped (its last words are above): {error}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut request = vec![b'f'];
        request.extend(self.number.to_le_bytes());
        // Where the emulator has stopped there is nothing to free.
        self.process.borrow_mut().to.write_all(&request).ok();
    }
}

impl Queue for Emulator {
    type Memory = Memory;
    type Error = std::convert::Infallible;

    fn zeros(&self, numbers: usize) -> Result<Memory, Self::Error> {
        let mut process = self.0.borrow_mut();
        let mut request = vec![b'z'];
        request.extend((numbers as u64).to_le_bytes());
        process.send(&request);
        process.memories += 1;
        Ok(Memory {
            process: self.0.clone(),
            number: process.memories - 1,
            size: numbers,
        })
    }

    fn launch(
        &self,
        source: &Source,
        kernel: &'static str,
        shape: Shape,
        arguments: &mut [Argument<'_, Memory>],
    ) -> Result<(), Self::Error> {
        // As many as cudarc takes, and what every card since 2012 runs.
        assert!(arguments.len() <= 12, "{kernel}");
        assert!(shape.threads <= 1024, "{kernel}");
        let [x, y, z] = shape.blocks;
        let all = x > 0 && y > 0 && z > 0 && x < 1 << 31 && y < 1 << 16 && z < 1 << 16;
        assert!(all, "{kernel}: {:?} blocks", shape.blocks);
        let name = format!("{}.{kernel}", source.name);
        let mut request = vec![b'l'];
        request.extend((name.len() as u64).to_le_bytes());
        request.extend(name.bytes());
        for number in [x, y, z, shape.threads, arguments.len()] {
            request.extend((number as u64).to_le_bytes());
        }
        for argument in arguments {
            let (kind, value, first) = match argument {
                Argument::In(memory, first) => (0u8, memory.number, *first),
                Argument::Out(memory, first) => (0, memory.number, *first),
                Argument::Count(count) => (1, *count as u64, 0),
                Argument::Number(number) => (2, u64::from(number.to_bits()), 0),
            };
            request.push(kind);
            request.extend(value.to_le_bytes());
            request.extend((first as u64).to_le_bytes());
        }
        self.0.borrow_mut().send(&request);
        Ok(())
    }

    fn multiply(&self, product: Product<'_, Memory>) -> Result<(), Self::Error> {
        let Product {
            size,
            products,
            left,
            right,
            sum,
        } = product;
        let mut request = vec![b'm'];
        let mut push = |numbers: &[usize]| {
            request.extend(numbers.iter().flat_map(|&n| (n as u64).to_le_bytes()));
        };
        push(&[products, usize::from(sum.add)]);
        push(&size);
        let number = |memory: &Memory| memory.number as usize;
        for Matrix {
            memory,
            first,
            stride,
            transposed,
            step,
        } in [left, right]
        {
            push(&[number(memory), first, stride, usize::from(transposed), step]);
        }
        push(&[number(sum.memory), sum.first, sum.stride, 0, sum.step]);
        let mut process = self.0.borrow_mut();
        process.multiplications += (products * size.iter().product::<usize>()) as u64;
        process.send(&request);
        Ok(())
    }
}
