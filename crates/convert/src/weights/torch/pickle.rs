//! The pickle of a state dict, read as data.
//!
//! A pickle is a program for a stack machine, which may call anything that can be imported. This machine has only the instructions that
//! `torch.save` writes, those of `torch.load(weights_only=True)`, and knows [five names](global). A call of one of them makes a value
//! below; nothing is imported and nothing runs. Any other name ends the reading.
//!
//! Values lie in one list and refer to each other by their place in it. So a value that is used a thousand times is there once, one that
//! contains itself is no problem, and depth costs no stack. An instruction makes one value at most, which bounds memory by the length
//! of the pickle.

use std::collections::BTreeMap;

/// Longest pickle in bytes. A tensor takes about 100, and the largest BERT has 400.
pub(super) const MAX_LEN: usize = 1 << 20;

/// Most dimensions of a tensor, as in PyTorch.
const MAX_DIMS: usize = 64;

/// A tensor, as the pickle describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tensor<'a> {
    pub(super) storage: Storage<'a>,
    /// Where its first number is in the storage.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// From a number to the next one along each dimension, in numbers.
    pub(super) strides: Vec<usize>,
}

/// Numbers one after the other, in a file of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Storage<'a> {
    /// The class, which names the numbers: `FloatStorage`, `HalfStorage`, …
    pub(super) class: &'a str,
    /// Name of the file.
    pub(super) key: &'a str,
    /// How many numbers there are.
    pub(super) len: usize,
}

/// The tensors of the state dict in `pickle`, by their names, in the order of the file.
pub(super) fn read(pickle: &[u8]) -> Result<Vec<(&str, Tensor<'_>)>, String> {
    if pickle.len() > MAX_LEN {
        return Err(format!("its pickle has {} bytes, the limit is {MAX_LEN}", pickle.len()));
    }
    let mut machine = Machine { rest: pickle, ..Machine::default() };
    let root = machine.run().map_err(|reason| format!("at byte {} of its pickle: {reason}", machine.at(pickle)))?;
    let Value::Dict(items) = &machine.values[root] else {
        return Err("it holds no dict of tensors".to_owned());
    };
    let tensor = |&(name, tensor): &(Id, Id)| match (&machine.values[name], &machine.values[tensor]) {
        (&Value::Text(name), Value::Tensor(tensor)) => Some((name, tensor.clone())),
        _ => None,
    };
    Ok(items.iter().filter_map(tensor).collect())
}

/// Place of a value in the list of all.
type Id = usize;

#[derive(Clone)]
enum Value<'a> {
    /// What has no part in a tensor: `None`, a bool, a float, a list.
    Other,
    Int(i64),
    Text(&'a str),
    Global(Global<'a>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Storage(Storage<'a>),
    Tensor(Tensor<'a>),
}

/// What a pickle may name.
#[derive(Clone, Copy)]
enum Global<'a> {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(&'a str),
}

fn global<'a>(module: &'a str, name: &'a str) -> Result<Global<'a>, String> {
    match (module, name) {
        ("collections", "OrderedDict") => Ok(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor_v2") => Ok(Global::RebuildTensor),
        ("torch._utils", "_rebuild_parameter") => Ok(Global::RebuildParameter),
        ("torch", class) if class.ends_with("Storage") => Ok(Global::Storage(class)),
        _ => Err(format!("`{}.{}` is no part of weights: it was not run", shown(module), shown(name))),
    }
}

/// A name as errors show it.
fn shown(name: &str) -> String {
    name.chars().take(100).flat_map(char::escape_debug).collect()
}

#[derive(Default)]
struct Machine<'a> {
    /// What is still to be read.
    rest: &'a [u8],
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at each mark.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// How much of `pickle` has been read.
    fn at(&self, pickle: &[u8]) -> usize {
        pickle.len() - self.rest.len()
    }

    /// Follows the instructions to the last one, and gives what it leaves.
    fn run(&mut self) -> Result<Id, String> {
        loop {
            let [opcode] = self.take()?;
            match opcode {
                // PROTO
                0x80 => match self.take()? {
                    [2] => {}
                    [protocol] => return Err(format!("protocol {protocol} is not supported, only 2 is")),
                },
                // STOP
                b'.' => return self.pop(),
                // MARK
                b'(' => self.marks.push(self.stack.len()),
                // NONE, NEWTRUE, NEWFALSE
                b'N' | 0x88 | 0x89 => self.push(Value::Other),
                // BININT, BININT1, BININT2, LONG1
                b'J' => {
                    let number = i32::from_le_bytes(self.take()?);
                    self.push(Value::Int(number.into()));
                }
                b'K' => {
                    let [number] = self.take()?;
                    self.push(Value::Int(number.into()));
                }
                b'M' => {
                    let number = u16::from_le_bytes(self.take()?);
                    self.push(Value::Int(number.into()));
                }
                0x8a => {
                    let number = self.long()?;
                    self.push(Value::Int(number));
                }
                // BINFLOAT
                b'G' => {
                    let _: [u8; 8] = self.take()?;
                    self.push(Value::Other);
                }
                // BINUNICODE
                b'X' => {
                    let len = u32::from_le_bytes(self.take()?);
                    let bytes = self.bytes(len as usize)?;
                    let text = std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?;
                    self.push(Value::Text(text));
                }
                // GLOBAL
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.push(Value::Global(global(module, name)?));
                }
                // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
                b')' => self.push(Value::Tuple(Vec::new())),
                count @ 0x85..=0x87 => {
                    let mut items = (0x85..=count).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
                    items.reverse();
                    self.push(Value::Tuple(items));
                }
                b't' => {
                    let items = self.pop_to_mark()?;
                    self.push(Value::Tuple(items));
                }
                // EMPTY_LIST, APPEND, APPENDS: no list has a part in a tensor.
                b']' => self.push(Value::Other),
                b'a' => drop(self.pop()?),
                b'e' => drop(self.pop_to_mark()?),
                // EMPTY_DICT, SETITEM, SETITEMS
                b'}' => self.push(Value::Dict(Vec::new())),
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set_items(&[key, value])?;
                }
                b'u' => {
                    let items = self.pop_to_mark()?;
                    self.set_items(&items)?;
                }
                // BUILD: a state dict has its `_metadata` as an attribute, which says nothing about tensors.
                b'b' => {
                    self.pop()?;
                    self.top_dict()?;
                }
                // REDUCE
                b'R' => {
                    let (arguments, callable) = (self.pop()?, self.pop()?);
                    let value = self.call(callable, arguments)?;
                    self.push(value);
                }
                // BINPERSID
                b'Q' => {
                    let id = self.pop()?;
                    let storage = self.storage(id).ok_or("a storage is not described as torch.save does")?;
                    self.push(Value::Storage(storage));
                }
                // BINPUT, LONG_BINPUT
                b'q' => {
                    let [key] = self.take()?;
                    self.memo.insert(key.into(), self.top()?);
                }
                b'r' => {
                    let key = u32::from_le_bytes(self.take()?);
                    self.memo.insert(key, self.top()?);
                }
                // BINGET, LONG_BINGET
                b'h' => {
                    let [key] = self.take()?;
                    self.recall(key.into())?;
                }
                b'j' => {
                    let key = u32::from_le_bytes(self.take()?);
                    self.recall(key)?;
                }
                _ => return Err(format!("instruction {opcode:#04x} is no part of a state dict")),
            }
        }
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or("it ends in the middle")?;
        self.rest = rest;
        Ok(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (&bytes, rest) = self.rest.split_first_chunk().ok_or("it ends in the middle")?;
        self.rest = rest;
        Ok(bytes)
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or("it ends in the middle")?;
        let line = self.bytes(end)?;
        self.bytes(1)?;
        std::str::from_utf8(line).map_err(|_| "a name is not UTF-8".to_owned())
    }

    /// A number of any length, of which 64 bits are read.
    fn long(&mut self) -> Result<i64, String> {
        let [len] = self.take()?;
        let bytes = self.bytes(len.into())?;
        let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
        let mut wide = [sign; 8];
        wide.get_mut(..bytes.len()).ok_or("a number has more than 64 bits")?.copy_from_slice(bytes);
        Ok(i64::from_le_bytes(wide))
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn recall(&mut self, key: u32) -> Result<(), String> {
        let id = self.memo.get(&key).ok_or_else(|| format!("nothing was remembered as {key}"))?;
        self.stack.push(*id);
        Ok(())
    }

    /// Height of the stack that an instruction may not go below.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn top(&self) -> Result<Id, String> {
        let top = self.stack[self.floor()..].last();
        top.copied().ok_or_else(|| "the stack is empty".to_owned())
    }

    fn pop(&mut self) -> Result<Id, String> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or("there is no mark on the stack")?;
        Ok(self.stack.split_off(mark))
    }

    fn top_dict(&mut self) -> Result<&mut Vec<(Id, Id)>, String> {
        let top = self.top()?;
        match &mut self.values[top] {
            Value::Dict(items) => Ok(items),
            _ => Err("items or a state are set on what is no dict".to_owned()),
        }
    }

    /// Adds keys and values, which alternate, to the dict on top of the stack.
    fn set_items(&mut self, items: &[Id]) -> Result<(), String> {
        let (pairs, []) = items.as_chunks() else {
            return Err("a key has no value".to_owned());
        };
        self.top_dict()?.extend(pairs.iter().map(|&[key, value]| (key, value)));
        Ok(())
    }

    fn call(&self, callable: Id, arguments: Id) -> Result<Value<'a>, String> {
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return Err("the arguments of a call are no tuple".to_owned());
        };
        match (&self.values[callable], &arguments[..]) {
            (Value::Global(Global::OrderedDict), []) => Ok(Value::Dict(Vec::new())),
            (Value::Global(Global::RebuildTensor), &[storage, offset, shape, strides, _, _]) => {
                self.tensor(storage, offset, shape, strides).map(Value::Tensor)
            }
            (Value::Global(Global::RebuildParameter), &[tensor, _, _]) => match &self.values[tensor] {
                tensor @ Value::Tensor(_) => Ok(tensor.clone()),
                _ => Err("a parameter is made of what is no tensor".to_owned()),
            },
            _ => Err("a call is not one of those that torch.save writes".to_owned()),
        }
    }

    fn tensor(&self, storage: Id, offset: Id, shape: Id, strides: Id) -> Result<Tensor<'a>, String> {
        let &Value::Storage(storage) = &self.values[storage] else {
            return Err("a tensor is made of what is no storage".to_owned());
        };
        let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
        if shape.len() != strides.len() {
            return Err(format!("a tensor has {} dimensions and {} strides", shape.len(), strides.len()));
        }
        Ok(Tensor { storage, offset: self.size(offset)?, shape, strides })
    }

    fn sizes(&self, tuple: Id) -> Result<Vec<usize>, String> {
        match &self.values[tuple] {
            Value::Tuple(sizes) if sizes.len() <= MAX_DIMS => sizes.iter().map(|&size| self.size(size)).collect(),
            Value::Tuple(sizes) => Err(format!("a tensor has {} dimensions, the limit is {MAX_DIMS}", sizes.len())),
            _ => Err("the shape or the strides of a tensor are no tuple".to_owned()),
        }
    }

    fn size(&self, number: Id) -> Result<usize, String> {
        match self.values[number] {
            Value::Int(number) => usize::try_from(number).map_err(|_| format!("a tensor has the size {number}")),
            _ => Err("a size of a tensor is no number".to_owned()),
        }
    }

    /// `("storage", class, key, device, length)`.
    fn storage(&self, id: Id) -> Option<Storage<'a>> {
        let Value::Tuple(items) = &self.values[id] else { return None };
        let &[kind, class, key, _, len] = &items[..] else { return None };
        match [kind, class, key, len].map(|id| &self.values[id]) {
            [&Value::Text("storage"), &Value::Global(Global::Storage(class)), &Value::Text(key), &Value::Int(len)] => {
                Some(Storage { class, key, len: usize::try_from(len).ok()? })
            }
            _ => None,
        }
    }
}
