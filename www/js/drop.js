// A place where files can be chosen or dropped.

/** Calls `open` with each file that is chosen in `input` or dropped onto `place`. */
export function onFile(place, input, open) {
  input.addEventListener('change', () => {
    if (input.files[0]) open(input.files[0]);
    // So that the same file can be chosen once more.
    input.value = '';
  });
  onDrop(place, ({ files: [file] }) => file && open(file));
}

/** Calls `take` with the data of each drop onto `place`. */
export function onDrop(place, take) {
  for (const type of ['dragenter', 'dragover']) {
    place.addEventListener(type, (event) => {
      event.preventDefault();
      place.classList.add('over');
    });
  }
  place.addEventListener('dragleave', () => place.classList.remove('over'));
  place.addEventListener('drop', (event) => {
    event.preventDefault();
    place.classList.remove('over');
    take(event.dataTransfer);
  });
}
