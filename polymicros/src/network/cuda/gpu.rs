//! A GPU that runs our kernels and cuBLAS's products, on dfdx's stream.

use super::queue::{Argument, Matrix, Product, Queue, Shape, Source};
use cudarc::cublas::result::CublasError;
use cudarc::cublas::sys::cublasOperation_t as Operation;
use cudarc::cublas::{CudaBlas, Gemm, GemmConfig, StridedBatchedConfig};
use cudarc::driver::sys::{CUdevice_attribute as Attribute, CUresult};
use cudarc::driver::{
    CudaDevice, CudaSlice, DevicePtr, DevicePtrMut, DriverError, LaunchAsync, LaunchConfig,
};
use cudarc::nvrtc::sys::nvrtcResult;
use cudarc::nvrtc::{CompileError, CompileOptions, Ptx, compile_ptx_with_opts};
use dfdx::prelude::CudaError;
use std::ffi::c_int;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Memory of a GPU, in numbers.
pub(in crate::network) type Memory = CudaSlice<f32>;

/// What goes wrong on a GPU.
pub(in crate::network) enum GpuError {
    /// What dfdx knows of as well.
    Cuda(CudaError),
    /// A source that NVRTC does not compile, and what it says.
    Source(String),
}

// What the user is told.
impl fmt::Debug for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GpuError::Cuda(error) => write!(f, "{error:?}"),
            GpuError::Source(problem) => f.write_str(problem),
        }
    }
}

impl From<CudaError> for GpuError {
    fn from(error: CudaError) -> Self {
        GpuError::Cuda(error)
    }
}

impl From<DriverError> for GpuError {
    fn from(error: DriverError) -> Self {
        GpuError::Cuda(error.into())
    }
}

impl From<CublasError> for GpuError {
    fn from(error: CublasError) -> Self {
        GpuError::Cuda(error.into())
    }
}

// In a backward pass dfdx takes none but its own errors. Whatever does not compile has failed in
// the forward pass before.
impl From<GpuError> for CudaError {
    fn from(error: GpuError) -> Self {
        match error {
            GpuError::Cuda(error) => error,
            GpuError::Source(_) => {
                CudaError::Driver(DriverError(CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU))
            }
        }
    }
}

/// A GPU, opened.
#[derive(Debug, Clone)]
pub(in crate::network) struct Gpu {
    device: Arc<CudaDevice>,
    blas: Arc<CudaBlas>,
}

/// What PTX may be compiled for: the newest that a GPU understands is chosen, and its driver
/// makes the rest.
const ARCHITECTURES: [(c_int, &str); 7] = [
    (100, "compute_100"),
    (90, "compute_90"),
    (89, "compute_89"),
    (86, "compute_86"),
    (80, "compute_80"),
    (75, "compute_75"),
    (70, "compute_70"),
];

impl Gpu {
    /// The GPU of a device. cuBLAS takes milliseconds and memory to start, and dfdx keeps its own
    /// to itself; so each GPU's is started once for the process, as the driver's context is.
    pub fn of(device: &Arc<CudaDevice>) -> Result<Self, CudaError> {
        static OPENED: Mutex<Vec<Gpu>> = Mutex::new(Vec::new());
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinal = device.ordinal();
        if let Some(gpu) = opened.iter().find(|gpu| gpu.device.ordinal() == ordinal) {
            return Ok(gpu.clone());
        }
        let gpu = Gpu {
            device: device.clone(),
            blas: Arc::new(CudaBlas::new(device.clone())?),
        };
        opened.push(gpu.clone());
        Ok(gpu)
    }

    /// Compiles a source for this GPU and loads it.
    fn load(&self, source: &Source) -> Result<(), GpuError> {
        let major = self
            .device
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        let minor = self
            .device
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
        let known = ARCHITECTURES
            .into_iter()
            .filter(|(version, _)| *version <= 10 * major + minor);
        let ptx = compile(source, known.map(|(_, name)| name))?;
        Ok(self.device.load_ptx(ptx, &module(source), source.kernels)?)
    }
}

/// Its name among the modules of a device, dfdx's too.
fn module(source: &Source) -> String {
    format!("polymicros_{}", source.name)
}

/// PTX for the first architecture that this NVRTC knows.
fn compile(
    source: &Source,
    architectures: impl Iterator<Item = &'static str>,
) -> Result<Ptx, GpuError> {
    let failed = |problem: String| GpuError::Source(format!("{}.cu: {problem}", source.name));
    let mut problem = "this GPU is older than compute capability 7.0".to_owned();
    for architecture in architectures {
        let options = CompileOptions {
            arch: Some(architecture),
            ..CompileOptions::default()
        };
        match compile_ptx_with_opts(source.text, options) {
            Ok(ptx) => return Ok(ptx),
            Err(CompileError::CompileError { nvrtc, log, .. })
                if nvrtc.0 == nvrtcResult::NVRTC_ERROR_COMPILATION =>
            {
                return Err(failed(log.to_string_lossy().into_owned()));
            }
            // As a rule an architecture that it does not know.
            Err(error) => problem = format!("{error:?}"),
        }
    }
    Err(failed(problem))
}

/// A size as the driver takes it; larger ones it refuses.
fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// A size as cuBLAS takes it; larger ones it refuses.
fn signed(size: usize) -> c_int {
    c_int::try_from(size).unwrap_or(-1)
}

/// The address of a number in memory.
fn address(base: u64, first: usize) -> u64 {
    base + (first * size_of::<f32>()) as u64
}

impl Queue for Gpu {
    type Memory = Memory;
    type Error = GpuError;

    fn zeros(&self, numbers: usize) -> Result<Memory, GpuError> {
        Ok(self.device.alloc_zeros(numbers)?)
    }

    // A kernel is given addresses, and nobody can prove that it stays within them. Tests run the
    // same sources with the same arguments on the processor, where writes outside are seen.
    #[allow(unsafe_code)]
    fn launch(
        &self,
        source: &Source,
        kernel: &'static str,
        shape: Shape,
        arguments: &mut [Argument<'_, Memory>],
    ) -> Result<(), GpuError> {
        let module = module(source);
        if !self.device.has_func(&module, kernel) {
            self.load(source)?;
        }
        let missing = DriverError(CUresult::CUDA_ERROR_NOT_FOUND);
        let function = self.device.get_func(&module, kernel).ok_or(missing)?;
        // The driver reads as many arguments as the kernel has, and of each as many bytes: eight of
        // an address or a count, the first four of a number.
        let mut values = [0u64; 12];
        for (value, argument) in values.iter_mut().zip(arguments) {
            *value = match argument {
                Argument::In(memory, first) => address(*memory.device_ptr(), *first),
                Argument::Out(memory, first) => address(*memory.device_ptr_mut(), *first),
                Argument::Count(count) => *count as u64,
                Argument::Number(number) => u64::from(number.to_bits()),
            };
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l] = values;
        let [x, y, z] = shape.blocks.map(narrow);
        let how = LaunchConfig {
            grid_dim: (x, y, z),
            block_dim: (narrow(shape.threads), 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: all memory is of this device and lives until the stream has reached its end,
        // because it is freed in the same stream.
        unsafe { function.launch(how, (a, b, c, d, e, f, g, h, i, j, k, l)) }?;
        Ok(())
    }

    // cuBLAS is given addresses and sizes; that the sizes fit is what the tests on the processor
    // see.
    #[allow(unsafe_code)]
    fn multiply(&self, product: Product<'_, Memory>) -> Result<(), GpuError> {
        // cuBLAS works in the context of the thread that asks, and cudarc does not set it.
        self.device.bind_to_thread()?;
        let Product {
            size: [rows, depth, columns],
            products,
            left,
            right,
            sum,
        } = product;
        let turned = |matrix: &Matrix<Memory>| match matrix.transposed {
            true => Operation::CUBLAS_OP_T,
            false => Operation::CUBLAS_OP_N,
        };
        // cuBLAS counts column by column: of matrices that lie row by row it sees the transposes,
        // and the transpose of a product is that of the factors in the other order.
        let gemm = GemmConfig {
            transa: turned(&right),
            transb: turned(&left),
            m: signed(columns),
            n: signed(rows),
            k: signed(depth),
            alpha: 1.0f32,
            lda: signed(right.stride),
            ldb: signed(left.stride),
            beta: if sum.add { 1.0 } else { 0.0 },
            ldc: signed(sum.stride),
        };
        let (first, second) = (
            right.memory.slice(right.first..),
            left.memory.slice(left.first..),
        );
        let mut to = sum.memory.slice_mut(sum.first..);
        // SAFETY: as for kernels.
        if products == 1 {
            unsafe { self.blas.gemm(gemm, &first, &second, &mut to) }?;
        } else {
            let all = StridedBatchedConfig {
                gemm,
                batch_size: signed(products),
                stride_a: right.step as i64,
                stride_b: left.step as i64,
                stride_c: sum.step as i64,
            };
            unsafe {
                self.blas
                    .gemm_strided_batched(all, &first, &second, &mut to)
            }?;
        }
        Ok(())
    }
}
