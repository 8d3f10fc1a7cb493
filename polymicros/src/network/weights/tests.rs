use super::*;
use crate::network::agreement::assert_close;
use crate::network::tensor::read;
use dfdx::prelude::{Cpu, NoneTape, TensorFromVec};

const REFERENCE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../fixtures/network_reference.safetensors"
);

/// The weights of the reference, written as a file of their own without metadata, as a PyTorch
/// state dict is.
fn state_dict(folder: &Path) -> std::path::PathBuf {
    let path = Path::new(REFERENCE);
    let bytes = std::fs::read(path).unwrap();
    let (file, _) = parse(path, &bytes).unwrap();
    let named: Vec<(String, Vec<usize>, Vec<f32>)> = file
        .names()
        .iter()
        .filter_map(|name| {
            let (shape, values) = values(path, &file, name).unwrap();
            let name = name.strip_prefix("weights/")?;
            Some((name.to_owned(), shape, values))
        })
        .collect();
    let to = folder.join("state_dict.safetensors");
    let tensors = named
        .iter()
        .map(|(name, shape, values)| (name.clone(), shape.clone(), values.as_slice()));
    save_tensors(&to, tensors, HashMap::new(), Precision::F32).unwrap();
    to
}

/// Made by `benches/network/unet.py --reference`.
#[test]
fn pytorch_agrees_in_every_padding_and_form() {
    let folder = tempfile::tempdir().unwrap();
    let device = Cpu::default();
    let read_as = UNet::load(state_dict(folder.path()), &device).unwrap();
    assert_eq!(read_as.config().multipliers, [1, 2]);
    assert_eq!(read_as.config().padding, Padding::Zero);
    let path = Path::new(REFERENCE);
    let bytes = std::fs::read(path).unwrap();
    let (file, _) = parse(path, &bytes).unwrap();
    let get = |name: &str| values(path, &file, name).unwrap();
    let last = |(shape, values): (Vec<usize>, Vec<f32>)| {
        let array = ndarray::ArrayD::from_shape_vec(shape, values).unwrap();
        let array = array.permuted_axes(vec![0, 2, 3, 4, 1]);
        let shape: [usize; 5] = array.shape().try_into().unwrap();
        (shape, array.iter().copied().collect::<Vec<f32>>())
    };
    let (shape, x) = last(get("x"));
    let (_, t) = get("t");
    for (form, name) in [
        (WeightStandardisation::Standard, "standard"),
        (WeightStandardisation::Authors, "authors"),
    ] {
        let config = UNetConfig {
            standardisation: form,
            ..read_as.config().clone()
        };
        let network = UNet::new(config, read_as.parameters().clone()).unwrap();
        for padding in [Padding::Zero, Padding::Replicate, Padding::Periodic] {
            let x = device.tensor_from_vec(x.clone(), shape);
            let t = device.tensor_from_vec(t.clone(), (t.len(),));
            let ours = read(&network.forward::<NoneTape>(x, t, padding).unwrap());
            let padding = format!("{padding:?}").to_lowercase();
            let (_, theirs) = last(get(&format!("y/{padding}/{name}")));
            assert_close(&format!("{padding}, {name}"), &ours, &theirs, 1e-4);
        }
    }
}

#[test]
fn a_network_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let device = Cpu::default();
    let config = UNetConfig {
        padding: Padding::Periodic,
        ..UNetConfig::tiny()
    };
    let network = UNet::initial(config, 3, &device).unwrap();
    network.save(&path).unwrap();
    let back = UNet::load(&path, &device).unwrap();
    assert_eq!(back.config(), network.config());
    assert_eq!(back.parameters().values(), network.parameters().values());
}

#[test]
fn half_precision_keeps_eleven_bits_and_what_was_written_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let device = Cpu::default();
    let mut network = UNet::initial(UNetConfig::tiny(), 3, &device).unwrap();
    let usage = serde_json::json!({ "sigma_data": 0.25 });
    let save = |network: &UNet<Cpu>| network.save_for(&path, Some(usage.clone()), Precision::F16);
    save(&network).unwrap();
    let (back, found) = UNet::load_with_usage(&path, &device).unwrap();
    assert_eq!(found, Some(usage.clone()));
    let before = network.parameters().values();
    for (a, b) in before
        .iter()
        .flatten()
        .zip(back.parameters().values().iter().flatten())
    {
        // Half of the last bit, and below the normal range a fixed step.
        assert!(
            (a - b).abs() <= a.abs() * 2f32.powi(-11) + 2f32.powi(-25),
            "{a} {b}"
        );
    }
    let mut first = before[0].clone();
    first[1] = 1e6;
    network.parameters_mut().set(0, &first);
    let error = save(&network).unwrap_err().to_string();
    assert!(
        error.contains("value 1, 1000000") && error.contains("init_conv"),
        "{error}"
    );
}

#[test]
fn wrong_missing_and_unknown_tensors_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.safetensors");
    let network = UNet::initial(UNetConfig::tiny(), 3, &Cpu::default()).unwrap();
    let values = network.parameters().values();
    let entries = network.parameters().entries();
    let metadata = || {
        let about = About {
            version: VERSION,
            config: network.config().clone(),
            usage: None,
        };
        HashMap::from([(KEY.to_owned(), serde_json::to_string(&about).unwrap())])
    };
    type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;
    let problem = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors: Tensors = entries
            .iter()
            .zip(&values)
            .map(|(entry, values)| (entry.name.clone(), entry.shape.clone(), values.clone()))
            .collect();
        change(&mut tensors);
        let views = tensors
            .iter()
            .map(|(name, shape, values)| (name.clone(), shape.clone(), values.as_slice()));
        save_tensors(&path, views, metadata(), Precision::F32).unwrap();
        UNet::load(&path, &Cpu::default()).unwrap_err().to_string()
    };
    let missing = problem(&|tensors| drop(tensors.remove(4)));
    assert!(
        missing.contains(&entries[4].name) && missing.contains("missing"),
        "{missing}"
    );
    let unknown = problem(&|tensors| tensors.push(("extra.weight".into(), vec![1], vec![0.0])));
    assert!(unknown.contains("extra.weight"), "{unknown}");
    let shape = problem(&|tensors| tensors[0].1.reverse());
    assert!(
        shape.contains("init_conv.weight") && shape.contains("expected shape"),
        "{shape}"
    );
    let nan = problem(&|tensors| tensors[2].2[5] = f32::NAN);
    assert!(nan.contains("value 5 is NaN"), "{nan}");
    std::fs::write(&path, b"nonsense").unwrap();
    let nonsense = UNet::load(&path, &Cpu::default()).unwrap_err().to_string();
    assert!(nonsense.contains("no safetensors file"), "{nonsense}");
}
