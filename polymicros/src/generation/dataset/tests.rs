use super::*;
use crate::microstructure::StandIn;
use crate::random_field::with_mean;
use crate::training::centred;
use ndarray::Array4;
use std::ops::ControlFlow;

/// Makes structures without a field or a model, in no time: what counts here is the store.
struct Waves {
    offset: f32,
}

impl Generator for Waves {
    fn make(
        &mut self,
        recipe: &Recipe,
        parameters: &MosmParameters,
        progress: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Field> {
        progress(1)?;
        let phase = (recipe.seeds.random_field % 1000) as f32 + self.offset;
        let weight = parameters.mixtures[0].channels[0].weight as f32;
        let data = Array4::from_shape_fn((3, 8, 8, 8), |(c, x, y, z)| {
            0.3 * (phase + weight + (c + x + 3 * y + 5 * z) as f32).sin()
        });
        progress(2)?;
        let field = Field::new(Grid::cube(8)?, ROGSH_NAMES, data)?;
        Field::new(Grid::cube(8)?, ROGSH_NAMES, centred(&field)?)
    }

    fn weights(&self) -> Vec<Option<String>> {
        vec![Some("a hash".into()), None]
    }
}

fn waves() -> Waves {
    Waves { offset: 0.0 }
}

fn settings(encoding: Encoding) -> DatasetSettings {
    let text = "count = 9\nedge = 8\nseed = 4\nmodels = [{ name = \"a\" }, \
                { name = \"b\", mean = [0.0, 0.1, 0.05] }]";
    DatasetSettings {
        encoding,
        ..toml::from_str(text).unwrap()
    }
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn on(_: &Made) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A dataset that nothing has disturbed.
fn undisturbed(folder: &Path, encoding: Encoding) -> Result<Dataset> {
    let dataset = Dataset::create(settings(encoding), &waves(), folder)?;
    assert_eq!(dataset.make(&mut waves(), Shard::WHOLE, None, on)?, 9);
    Ok(dataset)
}

/// Every file below a folder, by path.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                all.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    all
}

fn same(a: &Path, b: &Path) {
    let (a, b) = (contents(a), contents(b));
    let names = |all: &BTreeMap<PathBuf, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for (name, bytes) in &a {
        assert!(b[name] == *bytes, "{} differs", name.display());
    }
}

fn copy_into(from: &Path, to: &Path) {
    for (name, bytes) in contents(from) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn structures_come_back_with_what_is_known_of_them() -> Result<()> {
    let folder = temporary();
    let dataset = undisturbed(folder.path(), Encoding::Values)?;
    let dataset = Dataset::open(dataset.folder())?;
    assert_eq!(dataset.made(), (0..9).collect::<Vec<_>>());
    let design = settings(Encoding::Values).design()?.parameters;
    assert_eq!(dataset.design(), design);
    for structure in 0..9 {
        let recipe = dataset.settings().recipe(structure)?;
        let made = waves().make(&recipe, &design[structure], &mut |_| Ok(()))?;
        assert_eq!(dataset.field(structure)?, made);
        let record = dataset.record(structure)?;
        assert_eq!(record.seeds, recipe.seeds);
        assert_eq!(record.model, ["a", "b"][structure % 2]);
        assert_eq!(record.lost, None);
        assert!(record.least.iter().zip(&record.largest).all(|(l, h)| l < h));
    }
    let moved = dataset.rogsh(3)?;
    let mean = crate::statistics::means(&moved)?;
    assert!((mean[1] - 0.1).abs() < 1e-6 && mean[0].abs() < 1e-6);
    let expected = with_mean(&dataset.field(3)?, &dataset.settings().models[1].mean)?;
    for (a, b) in moved.as_slice().iter().zip(expected.as_slice()) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    assert!(dataset.field(9).is_err() && dataset.parameters(9).is_err());
    Ok(())
}

#[test]
fn codes_lose_what_the_record_says() -> Result<()> {
    let folders = [temporary(), temporary()];
    let values = undisturbed(folders[0].path(), Encoding::Values)?;
    let codes = undisturbed(folders[1].path(), Encoding::Codes)?;
    let codes = Dataset::open(codes.folder())?;
    for structure in 0..9 {
        let (before, after) = (values.field(structure)?, codes.field(structure)?);
        let pairs = before.as_slice().iter().zip(after.as_slice());
        let square: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
        let record = codes.record(structure)?;
        let lost = record.lost.unwrap();
        assert!((lost.rms - (square / 512.0).sqrt()).abs() < 1e-6);
        assert!(lost.invalid > 0.0 && lost.invalid < 1.0, "{lost:?}");
        // All that comes back is valid.
        let valid = codes.rogsh(structure)?;
        for value in valid.data().lanes(ndarray::Axis(0)) {
            let value = [0, 1, 2].map(|c| f64::from(value[c]));
            assert!(crate::orientation::is_rogsh(value, 1e-3));
        }
        assert!(record.bytes < values.record(structure)?.bytes);
    }
    Ok(())
}

#[test]
fn killed_at_any_moment_a_dataset_ends_with_the_same_bytes() -> Result<()> {
    let (whole, killed) = (temporary(), temporary());
    undisturbed(whole.path(), Encoding::Codes)?;
    let dataset = Dataset::create(settings(Encoding::Codes), &waves(), killed.path())?;
    // In the middle of the third structure: it is lost, and nothing else.
    let mut heard = 0;
    let stopped = dataset.make(&mut waves(), Shard::WHOLE, None, |made| {
        heard += 1;
        match (made.structure, made.step) {
            (2, 2) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    })?;
    assert_eq!((stopped, heard, dataset.made().len()), (2, 8, 2));
    // Between its chunk and its record; and in the middle of writing either.
    let begun = Made {
        structure: 2,
        done: 0,
        of: 1,
        step: 0,
        record: None,
        seconds: 0.0,
    };
    let made = dataset.make_one(&mut waves(), &begun, &mut on)?;
    let (record, bytes) = made.unwrap();
    save_whole(dataset.chunk_path(2), &bytes)?;
    assert_eq!(dataset.made(), [0, 1]);
    for half in [dataset.chunk_path(3), dataset.record_path(3)] {
        let beside = half.parent().unwrap().join(".unfinished-x1y2");
        std::fs::write(beside, &bytes[..bytes.len() / 2]).unwrap();
    }
    for folder in ["", STORE, "structures.zarr/mean"] {
        let beside = killed.path().join(folder).join(".unfinished-x1y2");
        std::fs::write(beside, b"{").unwrap();
    }
    let after_chunk = temporary();
    copy_into(killed.path(), after_chunk.path());
    // After the record.
    dataset.keep(&record, &bytes)?;
    assert_eq!(dataset.made(), [0, 1, 2]);
    // When all structures are there, but not what follows from them.
    let before_the_end = temporary();
    let limited = dataset.make(&mut waves(), Shard::WHOLE, Some(5), on)?;
    assert_eq!((limited, dataset.made().len()), (5, 8));
    copy_into(killed.path(), before_the_end.path());
    let dataset = Dataset::open(before_the_end.path())?;
    let (record, bytes) = dataset
        .make_one(
            &mut waves(),
            &Made {
                structure: 8,
                ..begun
            },
            &mut on,
        )?
        .unwrap();
    dataset.keep(&record, &bytes)?;
    assert!(!before_the_end.path().join(MANIFEST).exists());

    for folder in [killed.path(), after_chunk.path(), before_the_end.path()] {
        let dataset = Dataset::create(settings(Encoding::Codes), &waves(), folder)?;
        dataset.make(&mut waves(), Shard::WHOLE, None, on)?;
        same(whole.path(), folder);
        // Once more changes nothing.
        assert_eq!(dataset.make(&mut waves(), Shard::WHOLE, None, on)?, 0);
        same(whole.path(), folder);
    }
    Ok(())
}

#[test]
fn a_dataset_whose_beginning_was_killed_begins_again() -> Result<()> {
    let (whole, killed) = (temporary(), temporary());
    undisturbed(whole.path(), Encoding::Codes)?;
    let dataset = Dataset::create(settings(Encoding::Codes), &waves(), killed.path())?;
    for lost in [
        "dataset.json",
        "structures.zarr/zarr.json",
        "structures.zarr/mean/c.0.0",
    ] {
        std::fs::remove_file(dataset.folder().join(lost)).unwrap();
    }
    undisturbed(killed.path(), Encoding::Codes)?;
    same(whole.path(), killed.path());
    Ok(())
}

#[test]
fn shards_make_the_same_dataset_in_one_folder_or_in_several() -> Result<()> {
    let [whole, one, first, second] = std::array::from_fn(|_| temporary());
    undisturbed(whole.path(), Encoding::Values)?;
    for (folder, shard) in [
        (&one, "2/2"),
        (&one, "1/2"),
        (&first, "1/2"),
        (&second, "2/2"),
    ] {
        let dataset = Dataset::create(settings(Encoding::Values), &waves(), folder.path())?;
        dataset.make(&mut waves(), shard.parse()?, None, on)?;
    }
    same(whole.path(), one.path());
    assert!(!first.path().join(MANIFEST).exists());
    copy_into(second.path(), first.path());
    assert!(Dataset::open(first.path())?.complete()?);
    same(whole.path(), first.path());
    Ok(())
}

#[test]
fn whatever_is_damaged_is_found_and_made_again() -> Result<()> {
    let (whole, damaged) = (temporary(), temporary());
    undisturbed(whole.path(), Encoding::Codes)?;
    copy_into(whole.path(), damaged.path());
    let path = |name: &str| damaged.path().join(name);
    let check = || Dataset::described(damaged.path())?.check(|_| {});
    assert!(check()?.is_sound());
    let flip = |name: &str, at: usize| {
        let mut bytes = std::fs::read(path(name)).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1;
        std::fs::write(path(name), bytes).unwrap();
    };
    let record = |number: usize| std::fs::read_to_string(path(&record_name(number))).unwrap();

    std::fs::remove_file(path("structures.zarr/codes/c.1.0.0.0")).unwrap();
    flip("structures.zarr/codes/c.2.0.0.0", 100);
    std::fs::remove_file(path(&record_name(3))).unwrap();
    std::fs::write(path(&record_name(4)), &record(4)[..40]).unwrap();
    // A figure, which only the manifest knows.
    let edited = record(5).replacen("\"grains\": ", "\"grains\": 9", 1);
    std::fs::write(path(&record_name(5)), edited).unwrap();
    flip("structures.zarr/table/c.0.0", 1000);
    flip("structures.zarr/parameters/c.0.0.0.0", 300);
    let found = check()?;
    let structures: Vec<usize> = found.structures.iter().map(|(i, _)| *i).collect();
    assert_eq!(structures, [1, 2, 3, 4, 5]);
    assert_eq!((found.missing(), found.damaged()), (2, 3));
    let files: Vec<&str> = found.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        files,
        [
            "structures.zarr/parameters/c.0.0.0.0",
            "structures.zarr/table/c.0.0"
        ]
    );

    // What would come out otherwise is not written.
    let dataset = Dataset::described(damaged.path())?;
    let other = dataset.repair(&found, &mut Waves { offset: 0.1 }, on);
    assert!(other.is_err_and(|e| e.to_string().contains("structure 1: made again")));
    assert_eq!(dataset.repair(&found, &mut waves(), on)?, 5);
    same(whole.path(), damaged.path());

    // Of a complete set only what follows from it.
    std::fs::remove_file(path(MANIFEST)).unwrap();
    flip("structures.zarr/zarr.json", 50);
    let found = check()?;
    assert!(
        found.structures.is_empty() && found.files.len() == 2,
        "{found:?}"
    );
    dataset.repair(&found, &mut waves(), on)?;
    same(whole.path(), damaged.path());
    Ok(())
}

#[test]
fn a_folder_keeps_its_dataset() -> Result<()> {
    let folder = temporary();
    undisturbed(folder.path(), Encoding::Values)?;
    let other = DatasetSettings {
        seed: 5,
        ..settings(Encoding::Values)
    };
    let message = |settings| {
        let found = Dataset::create(settings, &waves(), folder.path());
        found.map_or_else(|e| e.to_string(), |_| String::new())
    };
    let found = message(other);
    assert!(
        found.contains("`settings.seed` is 4 there and 5 now"),
        "{found}"
    );
    let mut other = settings(Encoding::Values);
    other.models[1].mean[2] = 0.07;
    let found = message(other);
    assert!(
        found.contains("`settings.models[1].mean[2]` is 0.05"),
        "{found}"
    );
    assert!(message(settings(Encoding::Values)).is_empty());
    // A procedure that this program does not know is not checked by what it does not know.
    let path = Description::path(folder.path());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replacen("\"procedure\": 1", "\"procedure\": 0", 1),
    )
    .unwrap();
    let error = Dataset::described(folder.path()).err();
    assert!(error.is_some_and(|e| e.to_string().contains("procedure: 0, this program's is 1")));
    Ok(())
}

/// A structure without a model is the random field of its recipe.
#[test]
fn without_weights_structures_are_random_fields() -> Result<()> {
    let text = "count = 2\nedge = 32\nmodels = [{ name = \"field\" }]";
    let settings: DatasetSettings = toml::from_str(text).unwrap();
    let folder = temporary();
    let mut models = LocalModels::new(&settings)?;
    let dataset = Dataset::create(settings.clone(), &models, folder.path())?;
    dataset.make(&mut models, Shard::WHOLE, None, on)?;
    let recipe = settings.recipe(1)?;
    let kernel = crate::random_field::MosmKernel::new(dataset.parameters(1)?)?;
    let images = crate::random_field::Images::All;
    let expected = crate::random_field::Mogrf::of_kernel(&kernel, &Grid::cube(32)?, images)?
        .sample(settings.sampling.random_field, recipe.seeds.random_field)?;
    assert_eq!(dataset.field(1)?, expected);
    let missing = DatasetSettings {
        models: vec![ModelSettings {
            name: "a".into(),
            weights: Some("no/such/weights".into()),
            mean: [0.0; 3],
        }],
        ..settings
    };
    let error = LocalModels::new(&missing).err();
    assert!(error.is_some_and(|e| e.to_string().contains("no/such/weights")));
    Ok(())
}

/// A stand-in's grains are counted as its own.
#[test]
fn grains_are_counted() -> Result<()> {
    struct Volume;
    impl Generator for Volume {
        fn make(
            &mut self,
            recipe: &Recipe,
            _: &MosmParameters,
            _: &mut dyn FnMut(usize) -> Result<()>,
        ) -> Result<Field> {
            let seed = recipe.structure as u64;
            let field = StandIn::Recrystallised.generate([16; 3], seed)?.rogsh()?;
            Field::new(Grid::cube(16)?, ROGSH_NAMES, centred(&field)?)
        }

        fn weights(&self) -> Vec<Option<String>> {
            vec![None]
        }
    }
    let text = "count = 2\nedge = 16\ngrain_threshold = 1e-4\nmodels = [{ name = \"grown\" }]";
    let folder = temporary();
    let dataset = Dataset::create(toml::from_str(text).unwrap(), &Volume, folder.path())?;
    dataset.make(&mut Volume, Shard::WHOLE, None, on)?;
    for record in dataset.records()? {
        let volume = StandIn::Recrystallised.generate([16; 3], record.structure as u64)?;
        let grains = crate::microstructure::Grains::of_source(&volume, true)?;
        assert_eq!(record.grains, grains.count());
    }
    Ok(())
}
