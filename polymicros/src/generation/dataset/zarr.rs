//! Arrays of a Zarr v3 store as bytes of files, and back, through the crate zarrs.
//!
//! The store itself is a folder, whose files are written whole by this library; so arrays are
//! encoded to and decoded from memory.

use crate::{Error, Result};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zarrs::array::codec::{BytesCodec, ZstdCodec};
use zarrs::array::{
    Array, ArrayBuilder, ArrayMetadataOptions, ChunkKeySeparator, DataType, ElementOwned,
    FillValue, data_type,
};
use zarrs::group::GroupBuilder;
use zarrs::metadata::v3::{AdditionalFieldV3, AdditionalFieldsV3};
use zarrs::storage::store::MemoryStore;
use zarrs::storage::{
    ListableStorageTraits, ReadableStorageTraits, StoreKey, WritableStorageTraits,
};

/// How hard zstd tries.
const LEVEL: i32 = 3;

/// A number that arrays hold, with the value that stands where none was written.
pub(super) trait Number: ElementOwned + Copy {
    fn data_type() -> DataType;
    fn nothing() -> FillValue;
}

macro_rules! numbers {
    ($($number:ty, $data_type:ident, $nothing:expr;)*) => {$(
        impl Number for $number {
            fn data_type() -> DataType {
                data_type::$data_type()
            }

            fn nothing() -> FillValue {
                FillValue::from($nothing)
            }
        }
    )*};
}

numbers! {
    f32, float32, f32::NAN;
    f64, float64, f64::NAN;
    i32, int32, -1i32;
    u16, uint16, u16::MAX;
    u64, uint64, 0u64;
}

/// An array: its name, sizes and what is said of it.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) shape: Vec<usize>,
    pub(super) chunk: Vec<usize>,
    pub(super) dimensions: &'static [&'static str],
    pub(super) attributes: Map<String, Value>,
}

impl Spec {
    /// An array that is one chunk.
    pub(super) fn whole(
        name: &'static str,
        shape: &[usize],
        dimensions: &'static [&'static str],
        about: &str,
    ) -> Self {
        Spec {
            name,
            shape: shape.to_vec(),
            chunk: shape.to_vec(),
            dimensions,
            attributes: Map::from_iter([("long_name".to_owned(), Value::from(about))]),
        }
    }

    /// The same array with one more attribute.
    pub(super) fn with(mut self, attribute: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(attribute.to_owned(), value.into());
        self
    }

    fn array<T: Number>(&self, store: &Arc<MemoryStore>) -> Result<Array<MemoryStore>> {
        let sizes = |sizes: &[usize]| sizes.iter().map(|&n| n as u64).collect::<Vec<u64>>();
        ArrayBuilder::new(
            sizes(&self.shape),
            sizes(&self.chunk),
            T::data_type(),
            T::nothing(),
        )
        .array_to_bytes_codec(Arc::new(BytesCodec::little()))
        .bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(LEVEL, false))])
        // All chunks in one folder.
        .chunk_key_encoding_default_separator(ChunkKeySeparator::Dot)
        .dimension_names(Some(self.dimensions.iter().copied()))
        .attributes(self.attributes.clone())
        .build(store.clone(), &format!("/{}", self.name))
        .map_err(|e| self.failed(e))
    }

    fn indices(&self, first: usize) -> Vec<u64> {
        let mut indices = vec![0; self.shape.len()];
        indices[0] = first as u64;
        indices
    }

    /// Where the chunk that is the `first` along the first axis lies in the store.
    pub(super) fn key(&self, first: usize) -> String {
        let indices = self.indices(first);
        let indices = indices.iter().map(|i| format!(".{i}")).collect::<String>();
        format!("{}/c{indices}", self.name)
    }

    /// The bytes of the chunk that is the `first` along the first axis.
    pub(super) fn encode<T: Number>(&self, first: usize, values: &[T]) -> Result<Vec<u8>> {
        let store = Arc::new(MemoryStore::new());
        let array = self.array::<T>(&store)?;
        let indices = self.indices(first);
        array
            .store_chunk(&indices, values)
            .map_err(|e| self.failed(e))?;
        let bytes = store.get(&array.chunk_key(&indices));
        match bytes.map_err(|e| self.failed(e))? {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Err(self.failed("nothing but what stands for nothing")),
        }
    }

    /// The values of a chunk.
    pub(super) fn decode<T: Number>(&self, first: usize, bytes: Vec<u8>) -> Result<Vec<T>> {
        let store = Arc::new(MemoryStore::new());
        let array = self.array::<T>(&store)?;
        let indices = self.indices(first);
        store
            .set(&array.chunk_key(&indices), bytes.into())
            .map_err(|e| self.failed(e))?;
        array
            .retrieve_chunk::<Vec<T>>(&indices)
            .map_err(|e| self.failed(e))
    }

    fn failed(&self, problem: impl std::fmt::Display) -> Error {
        Error::value(
            format!("array {} of the store", self.name),
            problem.to_string(),
        )
    }
}

/// The files of a store, but for the chunks that are written one by one.
#[derive(Debug, Default)]
pub(super) struct Files {
    store: Arc<MemoryStore>,
    names: BTreeSet<&'static str>,
}

impl Files {
    /// Adds an array of which no chunk is here.
    pub(super) fn declare<T: Number>(&mut self, spec: &Spec) -> Result<()> {
        self.put_metadata::<T>(spec).map(|_| ())
    }

    /// Adds an array of one chunk.
    pub(super) fn put<T: Number>(&mut self, spec: &Spec, values: &[T]) -> Result<()> {
        let array = self.put_metadata::<T>(spec)?;
        array
            .store_chunk(&spec.indices(0), values)
            .map_err(|e| spec.failed(e))
    }

    fn put_metadata<T: Number>(&mut self, spec: &Spec) -> Result<Array<MemoryStore>> {
        let array = spec.array::<T>(&self.store)?;
        let plain = ArrayMetadataOptions::default().with_include_zarrs_metadata(false);
        array
            .store_metadata_opt(&plain)
            .map_err(|e| spec.failed(e))?;
        self.names.insert(spec.name);
        Ok(array)
    }

    /// All files by their paths in the store. The group at its root has these attributes, and the
    /// metadata of all arrays once more, so that readers need not list the folder.
    pub(super) fn finish(
        self,
        attributes: Map<String, Value>,
    ) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut all = Map::new();
        for name in &self.names {
            let metadata = self.bytes(&format!("{name}/zarr.json"))?;
            let metadata: Value = serde_json::from_slice(&metadata).map_err(failed)?;
            all.insert((*name).to_owned(), metadata);
        }
        let consolidated = Map::from_iter([
            ("kind".to_owned(), Value::from("inline")),
            ("metadata".to_owned(), Value::Object(all)),
        ]);
        let field = AdditionalFieldV3::new(Value::Object(consolidated), false);
        GroupBuilder::new()
            .attributes(attributes)
            .additional_fields(AdditionalFieldsV3::from([(
                "consolidated_metadata".to_owned(),
                field,
            )]))
            .build(self.store.clone(), "/")
            .map_err(failed)?
            .store_metadata()
            .map_err(failed)?;
        let keys = self.store.list().map_err(failed)?;
        keys.iter()
            .map(|key| Ok((key.as_str().to_owned(), self.bytes(key.as_str())?)))
            .collect()
    }

    fn bytes(&self, key: &str) -> Result<Vec<u8>> {
        let key = StoreKey::new(key).map_err(failed)?;
        match self.store.get(&key).map_err(failed)? {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Err(failed(format!("no {key}"))),
        }
    }
}

fn failed(problem: impl std::fmt::Display) -> Error {
    Error::value("Zarr store", problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            chunk: vec![1, 2, 3],
            ..Spec::whole("numbers", &[4, 2, 3], &["a", "b", "c"], "some numbers")
        }
    }

    #[test]
    fn chunks_come_back_and_damaged_ones_do_not() -> Result<()> {
        let values = [0.5f32, -1.0, f32::MIN_POSITIVE, 3.0, 4.0, -0.0];
        let bytes = spec().encode(2, &values)?;
        assert_eq!(spec().encode(2, &values)?, bytes, "the same bytes again");
        assert_eq!(spec().decode::<f32>(2, bytes.clone())?, values);
        assert!(
            spec()
                .decode::<f32>(2, bytes[..bytes.len() - 3].to_vec())
                .is_err()
        );
        assert!(spec().encode(0, &values[..5]).is_err(), "too few values");
        let nothing = [f32::NAN; 6];
        assert!(spec().encode(0, &nothing).is_err());
        let store = Arc::new(MemoryStore::new());
        let array = spec().array::<f32>(&store)?;
        assert_eq!(array.chunk_key(&[3, 0, 0]).as_str(), spec().key(3));
        Ok(())
    }

    #[test]
    fn the_root_knows_all_arrays() -> Result<()> {
        let mut files = Files::default();
        files.declare::<f32>(&spec().with("unit", "one"))?;
        let one = Spec::whole("few", &[2], &["a"], "few numbers");
        files.put(&one, &[7u64, 8])?;
        let about = Map::from_iter([("title".to_owned(), Value::from("numbers"))]);
        let files = files.finish(about)?;
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["few/c.0", "few/zarr.json", "numbers/zarr.json", "zarr.json"]
        );
        let read = |name: &str| -> Value { serde_json::from_slice(&files[name]).unwrap() };
        let root = read("zarr.json");
        assert_eq!(root["attributes"]["title"], "numbers");
        let consolidated = &root["consolidated_metadata"];
        assert_eq!(consolidated["must_understand"], false);
        assert_eq!(
            consolidated["metadata"]["numbers"],
            read("numbers/zarr.json")
        );
        let array = read("numbers/zarr.json");
        assert_eq!(array["dimension_names"][2], "c");
        assert_eq!(array["attributes"]["unit"], "one");
        assert_eq!(array["fill_value"], "NaN");
        assert_eq!(one.decode::<u64>(0, files["few/c.0"].clone())?, [7, 8]);
        Ok(())
    }
}
