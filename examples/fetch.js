// Sends a form's fields to a channel as JSON, from a page's script, without leaving the page.
// Отправляет поля формы во входящий канал из скрипта страницы, без перехода на другую страницу.
//
// In a page: see fetch.html. From a terminal, to try it (Node 18 or newer):
//
//   node examples/fetch.js ADDRESS

/**
 * @param {string} address the channel's address
 * @param {object} fields what to send: nested objects and lists are welcome
 * @param {string} key one value for one filled-in form: the same key sent again within a day is
 *   answered like the first time and delivered once (a double click, a retry after a lost answer)
 * @returns {Promise<{status: string, id: string}>}
 */
async function sendToBitrix24(address, fields, key) {
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(fields),
  });
  const said = await answer.json();
  if (!answer.ok) {
    throw new Error(`${answer.status} ${said.error}: ${said.message}`);
  }
  return said;
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-');
}

if (typeof document !== 'undefined') {
  for (const form of document.querySelectorAll('form[data-b24-channel]')) {
    let key = newKey();
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const result = form.querySelector('output');
      try {
        await sendToBitrix24(form.dataset.b24Channel, Object.fromEntries(new FormData(form)), key);
        key = newKey();
        form.reset();
        result.textContent = 'Спасибо! Заявка принята.';
      } catch (trouble) {
        console.error(trouble);
        result.textContent = 'Не удалось отправить. Попробуйте ещё раз или позвоните нам.';
      }
    });
  }
} else {
  const address = process.argv[2];
  if (!address) {
    console.error('usage: node fetch.js ADDRESS');
    process.exit(2);
  }
  const order = { client_phone: 74712773120, client_name: 'Мария', order_id: 6510, order_amount: 3500 };
  sendToBitrix24(address, order, newKey()).then(
    (said) => console.log(`accepted as ${said.id}`),
    (trouble) => {
      console.error(trouble.cause ? `${trouble.message}: ${trouble.cause.message}` : trouble.message);
      process.exitCode = 1;
    },
  );
}
