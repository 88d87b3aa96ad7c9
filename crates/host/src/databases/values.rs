//! PostgreSQL's values in Spin's words: those that documents and vectors need. Spin knows more; what it knows and this does not is an
//! error that says so.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::bindings::spin::postgres::postgres::{Column, DbDataType, DbValue, Error, ParameterValue};

/// A value that PostgreSQL takes.
pub type Parameter = Box<dyn ToSql + Send + Sync>;

/// A component's parameters.
pub fn parameters(values: Vec<ParameterValue>) -> Result<Vec<Parameter>, Error> {
    values.into_iter().map(parameter).collect()
}

fn parameter(value: ParameterValue) -> Result<Parameter, Error> {
    Ok(match value {
        ParameterValue::Boolean(value) => Box::new(value),
        ParameterValue::Int16(value) => Box::new(value),
        ParameterValue::Int32(value) => Box::new(value),
        ParameterValue::Int64(value) => Box::new(value),
        ParameterValue::Floating32(value) => Box::new(value),
        ParameterValue::Floating64(value) => Box::new(value),
        ParameterValue::Str(value) => Box::new(value),
        ParameterValue::Binary(value) => Box::new(value),
        ParameterValue::Jsonb(value) => {
            let value: serde_json::Value =
                serde_json::from_slice(&value).map_err(|error| Error::BadParameter(error.to_string()))?;
            Box::new(value)
        }
        ParameterValue::ArrayInt32(value) => Box::new(value),
        ParameterValue::ArrayInt64(value) => Box::new(value),
        ParameterValue::ArrayStr(value) => Box::new(value),
        other => return Err(Error::BadParameter(format!("this host does not take {other:?}"))),
    })
}

/// The columns of a row.
pub fn columns(row: &Row) -> Vec<Column> {
    let column = |column: &tokio_postgres::Column| {
        let data_type = match *column.type_() {
            Type::BOOL => DbDataType::Boolean,
            Type::INT2 => DbDataType::Int16,
            Type::INT4 => DbDataType::Int32,
            Type::INT8 => DbDataType::Int64,
            Type::FLOAT4 => DbDataType::Floating32,
            Type::FLOAT8 => DbDataType::Floating64,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
            Type::BYTEA => DbDataType::Binary,
            ref other => DbDataType::Other(other.name().to_owned()),
        };
        Column { name: column.name().to_owned(), data_type }
    };
    row.columns().iter().map(column).collect()
}

/// The values of a row.
pub fn row(row: &Row) -> Result<Vec<DbValue>, Error> {
    (0..row.len()).map(|index| value(row, index)).collect()
}

fn value(row: &Row, index: usize) -> Result<DbValue, Error> {
    match *row.columns()[index].type_() {
        Type::BOOL => get(row, index, DbValue::Boolean),
        Type::INT2 => get(row, index, DbValue::Int16),
        Type::INT4 => get(row, index, DbValue::Int32),
        Type::INT8 => get(row, index, DbValue::Int64),
        Type::FLOAT4 => get(row, index, DbValue::Floating32),
        Type::FLOAT8 => get(row, index, DbValue::Floating64),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => get(row, index, DbValue::Str),
        Type::BYTEA => get(row, index, DbValue::Binary),
        ref other => Err(Error::ValueConversionFailed(format!("this host does not give {other}"))),
    }
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, index: usize, wrap: fn(T) -> DbValue) -> Result<DbValue, Error> {
    let value: Option<T> = row.try_get(index).map_err(|error| Error::ValueConversionFailed(error.to_string()))?;
    Ok(value.map_or(DbValue::DbNull, wrap))
}
