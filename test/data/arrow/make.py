# Writes the files of this folder with pyarrow: every type there is, in two batches.
import datetime
import decimal

import pyarrow as pa
import pyarrow.ipc as ipc

n = 12
table = pa.table(
    {
        'half': pa.array([float(i) for i in range(n)], pa.float32()).cast(pa.float16()),
        'single': pa.array([i / 4 if i % 7 else None for i in range(n)], pa.float32()),
        'byte': pa.array(range(n), pa.int8()),
        'unsigned': pa.array(range(n), pa.uint64()),
        'text': pa.array([f's{i % 3}' if i % 5 else None for i in range(n)]),
        'large': pa.array([f'l{i % 2}' for i in range(n)], pa.large_string()),
        'view': pa.array(['v' * (i + 5) if i % 4 else None for i in range(n)], pa.string_view()),
        'coded': pa.array(['a', 'b', None, 'c'] * 3).dictionary_encode(),
        'truth': pa.array([True, False] * 6),
        'nothing': pa.nulls(n),
        'decimal': pa.array([decimal.Decimal(i) for i in range(n)], pa.decimal128(10, 2)),
        'date': pa.array([datetime.date(2020, 1, 1)] * n),
        'moment': pa.array([datetime.datetime(2020, 1, 1)] * n, pa.timestamp('ms', 'UTC')),
        'time': pa.array([datetime.time(1, 2)] * n, pa.time64('us')),
        'span': pa.array([datetime.timedelta(1)] * n),
        'bytes': pa.array([b'x' * i for i in range(n)]),
        'four': pa.array([b'abcd'] * n, pa.binary(4)),
        'list': pa.array([[1] * i for i in range(n)]),
        'pair': pa.array([[1, 2]] * n, pa.list_(pa.int32(), 2)),
        'record': pa.array([{'a': 1, 'b': 'x'}] * n),
        'map': pa.array([[('k', 1)]] * n, pa.map_(pa.string(), pa.int32())),
    }
).replace_schema_metadata({'made': 'by pyarrow'})
either = pa.UnionArray.from_sparse(
    pa.array([0, 1] * (n // 2), pa.int8()), [pa.array(range(n)), pa.array([str(i) for i in range(n)])]
)
newest = table.append_column('either', either)


def write(path: str, writer, rows: pa.Table, **options) -> None:
    with writer(path, rows.schema, options=ipc.IpcWriteOptions(**options)) as out:
        for batch in rows.to_batches(max_chunksize=8):
            out.write_batch(batch)


write('all.arrow', ipc.new_file, newest)
write('all.arrows', ipc.new_stream, newest)
# The framing and the metadata of before 2019.
write('old.arrows', ipc.new_stream, table, use_legacy_format=True, metadata_version=ipc.MetadataVersion.V4)
write('lz4.arrow', ipc.new_file, table.select(['single']), compression='lz4')
