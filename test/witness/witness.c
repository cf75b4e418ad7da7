/*
 * What PostgreSQL did for each message of a client, written to the file that witness.file names: the relations
 * and functions that the text itself named, as the parser resolved them; the relations whose privileges were
 * checked when it ran; what was made, changed, dropped and emptied. A line is one JSON array.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "access/genam.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;

#if PG_VERSION_NUM >= 160000
#include "parser/parse_relation.h"
#define PERMISSIONS RTEPermissionInfo
#define PERMS_ARGUMENTS List *entries, List *wanted_rights, bool fail
#define PERMS_PASSED entries, wanted_rights, fail
#define PERMS_LIST wanted_rights
#define QUERY_PERMS(query) (query)->rteperminfos
#define IS_CHECKED(entry) true
#else
#define PERMISSIONS RangeTblEntry
#define PERMS_ARGUMENTS List *entries, bool fail
#define PERMS_PASSED entries, fail
#define PERMS_LIST entries
#define QUERY_PERMS(query) (query)->rtable
#define IS_CHECKED(entry) ((entry)->rtekind == RTE_RELATION)
#endif

#if PG_VERSION_NUM >= 180000
#define RUN_ARGUMENTS QueryDesc *query, ScanDirection direction, uint64 count
#define RUN_PASSED query, direction, count
#else
#define RUN_ARGUMENTS QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define RUN_PASSED query, direction, count, once
#endif

void		_PG_init(void);

static char *path = NULL;
static int	file = -1;
static int	depth = 0;
static const char *last_text = NULL;
static TimestampTz last_time = 0;

static post_parse_analyze_hook_type next_parse = NULL;
static ExecutorCheckPerms_hook_type next_perms = NULL;
static object_access_hook_type next_access = NULL;
static ProcessUtility_hook_type next_utility = NULL;
static ExecutorRun_hook_type next_run = NULL;
static ExecutorFinish_hook_type next_finish = NULL;
static planner_hook_type next_planner = NULL;
static emit_log_hook_type next_log = NULL;

/* What was made or changed and has its final name only when the statement is over. */
typedef struct Pending
{
	const char *what;
	ObjectAddress address;
} Pending;
static Pending pending[4096];
static int	pendings = 0;

static void
put(StringInfo line)
{
	appendStringInfoString(line, "]\n");
	if (write(file, line->data, line->len) != line->len)
		_exit(3);
	pfree(line->data);
}

static void
start(StringInfo line, const char *what)
{
	initStringInfo(line);
	appendStringInfo(line, "[%d,\"%s\",%d", MyProcPid, what, depth);
}

static void
add(StringInfo line, const char *value)
{
	appendStringInfoChar(line, ',');
	if (value == NULL)
		appendStringInfoString(line, "null");
	else
		escape_json(line, value);
}

static bool
watching(void)
{
	StringInfoData line;

	if (debug_query_string == NULL || !OidIsValid(MyDatabaseId) || IsParallelWorker())
		return false;
	if (file == -1)
	{
		file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
		if (file == -1)
			return false;
	}
	if (last_text != debug_query_string || last_time != GetCurrentStatementStartTimestamp())
	{
		last_text = debug_query_string;
		last_time = GetCurrentStatementStartTimestamp();
		depth = 0;
		pendings = 0;
		start(&line, "text");
		add(&line, debug_query_string);
		add(&line, application_name);
		put(&line);
	}
	return true;
}

static const char *
schema_name(Oid namespace)
{
	return isAnyTempNamespace(namespace) ? "pg_temp" : get_namespace_name(namespace);
}

static void
add_relation(StringInfo line, Oid relation)
{
	add(line, schema_name(get_rel_namespace(relation)));
	add(line, get_rel_name(relation));
}

static void
say_relation(const char *what, Oid relation, AclMode wanted, bool indirect)
{
	StringInfoData line;

	start(&line, what);
	add_relation(&line, relation);
	appendStringInfo(&line, ",%d,%s", (int) wanted, indirect ? "true" : "false");
	put(&line);
}

static void
say_function(const char *what, Oid function)
{
	StringInfoData line;

	start(&line, what);
	add(&line, schema_name(get_func_namespace(function)));
	add(&line, get_func_name(function));
	appendStringInfo(&line, ",%s,\"%c\"", function >= FirstNormalObjectId ? "true" : "false", func_volatile(function));
	put(&line);
}

static bool
walk(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
		ListCell   *cell;

		foreach(cell, QUERY_PERMS(query))
		{
			PERMISSIONS *entry = lfirst(cell);

			if (IS_CHECKED(entry) && entry->requiredPerms != 0)
				say_relation("named", entry->relid, entry->requiredPerms, false);
		}
		if (query->utilityStmt)
		{
			Node	   *inner = query->utilityStmt;

			if (IsA(inner, ExplainStmt))
				return walk(((ExplainStmt *) inner)->query, context);
			if (IsA(inner, CreateTableAsStmt))
				return walk(((CreateTableAsStmt *) inner)->query, context);
			if (IsA(inner, DeclareCursorStmt))
				return walk(((DeclareCursorStmt *) inner)->query, context);
			if (IsA(inner, CallStmt))
				return walk((Node *) ((CallStmt *) inner)->funcexpr, context);
			return false;
		}
		return query_tree_walker(query, walk, context, 0);
	}
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcformat != COERCE_EXPLICIT_CAST &&
		((FuncExpr *) node)->funcformat != COERCE_IMPLICIT_CAST)
		say_function("called", ((FuncExpr *) node)->funcid);
	if (IsA(node, Aggref))
		say_function("called", ((Aggref *) node)->aggfnoid);
	if (IsA(node, WindowFunc))
		say_function("called", ((WindowFunc *) node)->winfnoid);
	return expression_tree_walker(node, walk, context);
}

static void
on_parse(ParseState *state, Query *query, JumbleState *jumble)
{
	if (watching() && state->p_sourcetext == debug_query_string)
		walk((Node *) query, NULL);
	if (next_parse)
		next_parse(state, query, jumble);
}

static bool
on_perms(PERMS_ARGUMENTS)
{
	ListCell   *cell;

	if (watching())
		foreach(cell, PERMS_LIST)
		{
			PERMISSIONS *entry = lfirst(cell);

			if (IS_CHECKED(entry) && entry->requiredPerms != 0)
				say_relation("ran", entry->relid, entry->requiredPerms, OidIsValid(entry->checkAsUser) || InLocalUserIdChange());
		}
	return next_perms ? next_perms(PERMS_PASSED) : true;
}

/* The table that an object is a part of, or the object itself where it is one. */
static Oid
table_of(const ObjectAddress *address, List *names)
{
	Oid			object = address->objectId;
	Oid			owner;
	int32		column;
	char		kind;

	if (address->classId == TypeRelationId)
		return get_typ_typrelid(OidIsValid(get_element_type(object)) ? get_element_type(object) : object);
	if (address->classId == StatisticExtRelationId)
	{
		HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(object));

		if (!HeapTupleIsValid(tuple))
			return InvalidOid;
		owner = ((Form_pg_statistic_ext) GETSTRUCT(tuple))->stxrelid;
		ReleaseSysCache(tuple);
		return owner;
	}
	if (address->classId != RelationRelationId)
		return list_length(names) < 3 ? InvalidOid :
			get_relname_relid(lsecond(names), LookupExplicitNamespace(linitial(names), true));
	kind = get_rel_relkind(object);
	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
		return IndexGetRelation(object, true);
	if (kind == RELKIND_SEQUENCE && (sequenceIsOwned(object, DEPENDENCY_AUTO, &owner, &column) ||
									 sequenceIsOwned(object, DEPENDENCY_INTERNAL, &owner, &column)))
		return owner;
	return object;
}

/* A table, and all that it inherits from. */
static void
add_tables(StringInfo line, Oid table, bool first)
{
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!first)
		appendStringInfoChar(line, ',');
	appendStringInfoChar(line, '[');
	escape_json(line, schema_name(get_rel_namespace(table)));
	add(line, get_rel_name(table));
	appendStringInfoChar(line, ']');
	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			parent = ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent;

		if (get_rel_name(parent) != NULL)
			add_tables(line, parent, false);
	}
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);
}

static void
say_object(const char *what, const ObjectAddress *address)
{
	StringInfoData line;
	List	   *names = NIL;
	List	   *arguments = NIL;
	ListCell   *cell;
	Oid			table;

	if (!is_objectclass_supported(address->classId))
		return;
	if (getObjectIdentityParts(address, &names, &arguments, true) == NULL)
		return;
	start(&line, what);
	add(&line, getObjectTypeDescription(address, true));
	appendStringInfoString(&line, ",[");
	foreach(cell, names)
	{
		if (cell != list_head(names))
			appendStringInfoChar(&line, ',');
		escape_json(&line, (const char *) lfirst(cell));
	}
	appendStringInfoString(&line, "],[");
	table = table_of(address, names);
	if (OidIsValid(table) && get_rel_name(table) != NULL)
	{
		add_tables(&line, table, true);
		if (address->classId == RelationRelationId && table != address->objectId)
			add_tables(&line, address->objectId, false);
	}
	appendStringInfoChar(&line, ']');
	put(&line);
}

static void
later(const char *what, const ObjectAddress *address)
{
	if (pendings < lengthof(pending))
		pending[pendings++] = (Pending)
	{
		what, *address
	};
}

static void
on_access(ObjectAccessType access, Oid class, Oid object, int sub, void *argument)
{
	if (next_access)
		next_access(access, class, object, sub, argument);
	if (watching())
	{
		ObjectAddress address;

		ObjectAddressSubSet(address, class, object, sub);
		switch (access)
		{
			case OAT_POST_CREATE:
				later("made", &address);
				break;
			case OAT_POST_ALTER:
				say_object("changed", &address);
				later("changed", &address);
				break;
			case OAT_DROP:
				say_object("dropped", &address);
				break;
			case OAT_TRUNCATE:
				say_object("emptied", &address);
				break;
			case OAT_FUNCTION_EXECUTE:
				if (object >= FirstNormalObjectId)
					say_function("executed", object);
				break;
			default:
				break;
		}
	}
}

static void
say_ranges(const char *what, List *relations)
{
	ListCell   *cell;

	foreach(cell, relations)
	{
		RangeVar   *range = lfirst(cell);
		Oid			relation = IsA(range, VacuumRelation) ? InvalidOid : RangeVarGetRelid(range, NoLock, true);

		if (OidIsValid(relation))
			say_relation(what, relation, 0, false);
	}
}

static void
on_utility(PlannedStmt *planned, const char *text, bool read_only, ProcessUtilityContext context,
		   ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver, QueryCompletion *completion)
{
	Node	   *node = planned->utilityStmt;
	bool		outermost = context == PROCESS_UTILITY_TOPLEVEL || context == PROCESS_UTILITY_QUERY;
	bool		inside = IsA(node, CallStmt) || IsA(node, DoStmt);
	bool		on = watching();
	StringInfoData line;
	int			at;

	if (on && outermost)
	{
		start(&line, "utility");
		add(&line, GetCommandTagName(CreateCommandTag(node)));
		put(&line);
		if (IsA(node, LockStmt))
			say_ranges("locked", ((LockStmt *) node)->relations);
		if (IsA(node, GrantStmt) && ((GrantStmt *) node)->objtype == OBJECT_TABLE &&
			((GrantStmt *) node)->targtype == ACL_TARGET_OBJECT)
			say_ranges("granted", ((GrantStmt *) node)->objects);
	}
	depth += inside;
	PG_TRY();
	{
		if (next_utility)
			next_utility(planned, text, read_only, context, parameters, environment, receiver, completion);
		else
			standard_ProcessUtility(planned, text, read_only, context, parameters, environment, receiver, completion);
	}
	PG_FINALLY();
	{
		depth -= inside;
	}
	PG_END_TRY();
	if (on && outermost && pendings > 0 && IsTransactionState())
	{
		int			count = pendings;

		pendings = 0;
		CommandCounterIncrement();
		for (at = 0; at < count; at++)
			say_object(pending[at].what, &pending[at].address);
	}
}

static void
on_run(RUN_ARGUMENTS)
{
	depth++;
	PG_TRY();
	{
		if (next_run)
			next_run(RUN_PASSED);
		else
			standard_ExecutorRun(RUN_PASSED);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
}

static void
on_finish(QueryDesc *query)
{
	depth++;
	PG_TRY();
	{
		if (next_finish)
			next_finish(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
}

static PlannedStmt *
on_planner(Query *query, const char *text, int options, ParamListInfo parameters)
{
	PlannedStmt *planned;

	depth++;
	PG_TRY();
	{
		planned = next_planner ? next_planner(query, text, options, parameters) : standard_planner(query, text, options, parameters);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
	return planned;
}

static void
on_log(ErrorData *error)
{
	StringInfoData line;

	if (error->elevel == ERROR && watching())
	{
		start(&line, "error");
		add(&line, unpack_sql_state(error->sqlerrcode));
		put(&line);
	}
	if (next_log)
		next_log(error);
}

void
_PG_init(void)
{
	DefineCustomStringVariable("witness.file", "Where it is written.", NULL, &path, "", PGC_POSTMASTER, 0, NULL, NULL, NULL);
	next_parse = post_parse_analyze_hook;
	post_parse_analyze_hook = on_parse;
	next_perms = ExecutorCheckPerms_hook;
	ExecutorCheckPerms_hook = on_perms;
	next_access = object_access_hook;
	object_access_hook = on_access;
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = on_utility;
	next_run = ExecutorRun_hook;
	ExecutorRun_hook = on_run;
	next_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = on_finish;
	next_planner = planner_hook;
	planner_hook = on_planner;
	next_log = emit_log_hook;
	emit_log_hook = on_log;
}
