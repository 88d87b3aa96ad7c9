//! The closest documents of an index file.

use minilm::index::{Hit, Query, Rows, Scan, best};

use super::layout::FieldLayout;
use super::view::PIECE;
use super::{FileError, IndexFile, ReadAt};
use crate::Document;

impl<R: ReadAt> IndexFile<R> {
    /// The `top_k` documents whose text in `field` is closest to `query`, best first, without those below `threshold`;
    /// [`Hit::index`] is the index of the document. Exact: what an exhaustive search over the `f32` vectors gives.
    ///
    /// # Errors
    /// [`FileError::UnknownField`], [`FileError::Dim`], and what is wrong with the file.
    pub fn search(
        &self,
        field: &str,
        query: &Query,
        top_k: usize,
        threshold: Option<f32>,
    ) -> Result<Vec<Hit>, FileError> {
        let hits = self.search_all(field, std::slice::from_ref(query), top_k, threshold)?;
        Ok(hits.into_iter().next().unwrap_or_default())
    }

    /// [`IndexFile::search`] for a number of queries, in one pass over the file.
    ///
    /// # Errors
    /// As there.
    pub fn search_all(
        &self,
        field: &str,
        queries: &[Query],
        top_k: usize,
        threshold: Option<f32>,
    ) -> Result<Vec<Vec<Hit>>, FileError> {
        let search = self.field(field, queries)?;
        let found = search.scan(queries, top_k, |_| true)?;
        let hits = queries.iter().zip(found).map(|(query, rows)| search.score(query, &rows, top_k, threshold));
        hits.collect()
    }

    /// For each row of `field`, whether `keep` accepts its document, which is read for it.
    ///
    /// # Errors
    /// [`FileError::UnknownField`], and what is wrong with the file.
    pub fn rows_where(&self, field: &str, keep: impl Fn(&Document) -> bool) -> Result<Vec<bool>, FileError> {
        let search = self.field(field, &[])?;
        (0..search.rows).map(|row| Ok(keep(&self.document(search.document(row)?)?))).collect()
    }

    /// [`IndexFile::search_all`] among the rows for which `kept`, from [`IndexFile::rows_where`], is true.
    ///
    /// # Errors
    /// As there.
    pub fn search_rows(
        &self,
        field: &str,
        queries: &[Query],
        top_k: usize,
        threshold: Option<f32>,
        kept: &[bool],
    ) -> Result<Vec<Vec<Hit>>, FileError> {
        let search = self.field(field, queries)?;
        let found = search.scan(queries, top_k, |row| kept.get(row) == Some(&true))?;
        let hits = queries.iter().zip(found).map(|(query, rows)| search.score(query, &rows, top_k, threshold));
        hits.collect()
    }

    /// Number of vectors that a search of `field` looks at.
    ///
    /// # Errors
    /// [`FileError::UnknownField`].
    pub fn rows(&self, field: &str) -> Result<usize, FileError> {
        Ok(self.field(field, &[])?.rows)
    }

    /// Which vector of `field` is that of document `index`, counted from 0; nothing where it has none.
    ///
    /// # Errors
    /// [`FileError::UnknownField`], and what is wrong with the file.
    pub fn row(&self, field: &str, index: usize) -> Result<Option<usize>, FileError> {
        let search = self.field(field, &[])?;
        let (mut low, mut high) = (0, search.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if search.document(middle)? < index { low = middle + 1 } else { high = middle }
        }
        Ok((low < search.rows && search.document(low)? == index).then_some(low))
    }

    fn field(&self, field: &str, queries: &[Query]) -> Result<Field<'_, R>, FileError> {
        let index = self.info.fields.iter().position(|there| there.name == field).ok_or_else(|| {
            let there: Vec<String> = self.info.fields.iter().map(|field| format!("`{}`", field.name)).collect();
            FileError::UnknownField { field: field.to_owned(), there: there.join(", ") }
        })?;
        let dim = self.info.model.dim;
        if let Some(query) = queries.iter().find(|query| query.dim() != dim) {
            return Err(FileError::Dim { found: query.dim(), expected: dim });
        }
        Ok(Field { file: self, rows: self.info.fields[index].rows, layout: self.layout.fields[index], dim })
    }
}

/// A field that is searched.
struct Field<'f, R> {
    file: &'f IndexFile<R>,
    layout: FieldLayout,
    rows: usize,
    dim: usize,
}

impl<R: ReadAt> Field<'_, R> {
    /// The rows that may be among the best of each query.
    fn scan(
        &self,
        queries: &[Query],
        top_k: usize,
        keep: impl Fn(usize) -> bool,
    ) -> Result<Vec<Vec<usize>>, FileError> {
        let mut scans: Vec<Scan<'_>> = queries.iter().map(|query| Scan::new(query, top_k)).collect();
        let piece = (PIECE / self.dim).max(1);
        let (mut values, mut scales, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for first in (0..self.rows).step_by(piece) {
            let rows = piece.min(self.rows - first);
            self.file.read_into(self.layout.values, first as u64 * self.dim as u64, rows * self.dim, &mut values)?;
            self.file.read_into(self.layout.scales, first as u64, rows, &mut scales)?;
            self.file.read_into(self.layout.errors, first as u64, rows, &mut errors)?;
            for scan in &mut scans {
                let rows = Rows { values: &values, scales: &scales, errors: &errors };
                scan.rows_where(first, rows, &keep)?;
            }
        }
        Ok(scans.into_iter().map(Scan::candidates).collect())
    }

    /// The best of `rows`, by their `f32` vectors.
    fn score(
        &self,
        query: &Query,
        rows: &[usize],
        top_k: usize,
        threshold: Option<f32>,
    ) -> Result<Vec<Hit>, FileError> {
        let mut vector: Vec<f32> = Vec::new();
        let mut hits = Vec::with_capacity(rows.len());
        for &row in rows {
            self.file.read_into(self.layout.vectors, row as u64 * self.dim as u64, self.dim, &mut vector)?;
            hits.push(Hit { index: row, score: query.score(&vector) });
        }
        let mut hits = best(hits, top_k, threshold);
        for hit in &mut hits {
            hit.index = self.document(hit.index)?;
        }
        Ok(hits)
    }

    /// The document of a row.
    fn document(&self, row: usize) -> Result<usize, FileError> {
        let [document] = self.file.read_values::<u32, 1>(self.layout.documents, row)?;
        self.file.check_index(document as usize)?;
        Ok(document as usize)
    }
}
