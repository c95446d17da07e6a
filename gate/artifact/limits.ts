const KIB = 1024;
const MIB = 1024 * KIB;

/** One read is one allocation, and its length is often what a hostile file says. */
export const READ_BYTES_MAX = 64 * MIB;

/** Bytes hashed at a time: 64 KiB and 1 MiB both measured slower. */
export const STREAM_BYTES = 256 * KIB;

/** What identification looks at from the front; every magic number but HDF5's stands in it. */
export const HEAD_BYTES = 64 * KIB;

/** Where readers look for the end record of a zip: Go in this much from the end, Info-ZIP in 66,000, Python in 65,558. */
export const ZIP_TAIL_BYTES = 65 * KIB;
/** Each end record costs a look at the directory that it names; more than one is refused anyway. */
export const ZIP_END_RECORDS_MAX = 64;
/** The largest checkpoints hold some 20,000 members. */
export const ZIP_ENTRIES_MAX = 100_000;
/** 100,000 entries with names of usual length. */
export const ZIP_DIRECTORY_BYTES_MAX = 16 * MIB;
/** Members of a tar that are listed; each costs one read. */
export const TAR_MEMBERS_MAX = 4096;
/** Members of an archive whose first bytes are looked at; what is a pickle by its name is always found. */
export const MEMBERS_OPENED_MAX = 1024;

/** Compressed bytes that are looked into, and what may come out of them: enough to tell what is inside. */
export const PEEK_BYTES = 64 * KIB;
/** Bytes of all that is opened whole inside of one file, because its front leaves open what it is. */
export const NESTED_BYTES_MAX = 64 * MIB;
/** A pickle in a gzip in a zip is usual; deeper is a bomb. */
export const NESTING_MAX = 3;

/** Opcodes of a trial: text that is no pickle fails within a few, so whoever gets this far is one. */
export const TRIAL_OPCODES_MAX = 200_000;
/** Opcodes of the trials of all that one file holds: a second of members that go on for as long as they may. */
export const INSIDE_OPCODES_MAX = 1_000_000;
/** Bytes of text arguments in a trial: no text has a line of this length. */
export const TRIAL_LINE_BYTES_MAX = 256 * MIB;

/** Looks at texts in an HDF5 file, of which a trial as a pickle costs nine: 800,000 sentences, some four seconds. */
export const HDF5_TEXT_STEPS_MAX = 8_000_000;

/** Fields of a protobuf message looked at to tell its schema; each node of a TensorFlow graph is one. */
export const PROTOBUF_FIELDS_MAX = 100_000;

/** The format's own limit (safetensors/src/tensor.rs, MAX_HEADER_SIZE). */
export const SAFETENSORS_HEADER_BYTES_FORMAT_MAX = 100_000_000;
/** What is parsed: 250,000 tensors; the largest published shards have a tenth of that. */
export const SAFETENSORS_HEADER_BYTES_MAX = 25_000_000;
/** Tensors of one file, and keys of any object of its header: each costs some 500 bytes of memory. */
export const TENSORS_MAX = 250_000;
/** NumPy's limit is 64; nothing real comes near. */
export const TENSOR_RANK_MAX = 64;
/** The format nests three deep. */
export const HEADER_DEPTH_MAX = 8;
/** Names longer than this are an attack on whoever prints them. */
export const TENSOR_NAME_BYTES_MAX = 64 * KIB;

/** An index names each tensor once: some 100 bytes for each of 250,000. */
export const SHARD_INDEX_BYTES_MAX = 25_000_000;

/** Findings of one code that are spelled out; a hostile file can cause a million. */
export const FINDINGS_PER_CODE_MAX = 20;
/** Characters of a name from a file that a message quotes. */
export const QUOTED_CHARACTERS_MAX = 120;
